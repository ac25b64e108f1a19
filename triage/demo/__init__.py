"""The demo: the whole product on one machine, with an embedded mail server and mails written for it.

`mails` has the mails, `running` says how to reach a running demo, `stage` sets everything up, `children`
keeps the admin and the scheduler running. Nothing of it is used by the product itself.
"""
