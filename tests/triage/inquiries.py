"""English inquiries of every tone, and mail about money: none of it is starter mail, so it shows what was understood.

Each is (subject, sender, text), as people write: long, short, blunt, polite, typed on a phone, with and without
quantities, from companies and from free addresses, with and without a signature.
"""

LEADS = [
    ("shelving", "dan.okafor@gmail.com", "hiya do u do shelving for a garage, 3 bays or so. whats the damage roughly"),
    (
        "Dosing skid for Ostrava",
        "k.vrbova@morava-chem.example",
        "Dear Sirs,\n\nfor an extension of our neutralisation plant we require one dosing skid with two diaphragm "
        "pumps (duty and standby), 0 to 120 l/h at 6 bar, PVDF wetted parts, mounted on a frame with drip tray. "
        "The data sheet is enclosed. We would be obliged to receive your budgetary offer together with a dimensional "
        "sketch before the end of next week.\n\nYours faithfully\nIng. Karla Vrbova\nMorava Chem, Process Engineering",
    ),
    ("Quick one", "tomas@tomasbikes.example", "Hi, are your cargo racks in stock and what's trade on five? Tomas"),
    (
        "",
        "m.ferris88@hotmail.com",
        "Need 14 stools for a cafe opening in June. Black if poss. Can you beat 45 each?\n\nSent from my iPhone",
    ),
    (
        "Office move in October",
        "ruth.adeyemi@larkfield-legal.example",
        "Good morning,\n\nWe are moving 35 people from our second floor to a building across town over a weekend in "
        "October and I am collecting proposals from removal firms. There are around 60 crates of files which must "
        "stay sealed. Would you be able to come and see the offices, and let me know what you would charge?\n\n"
        "Kind regards,\nRuth Adeyemi\nPractice Manager\nLarkfield Legal LLP\nThis email is confidential.",
    ),
    (
        "Licences for a school district",
        "pcho@westhill-schools.example",
        "We're piloting your reading app in two classrooms and the teachers love it. How is it priced if we take "
        "it to all nine elementary schools? We'd also need rostering to work with our directory. Patricia Cho",
    ),
    (
        "Your stand in Hanover",
        "j.brandt@brandt-foerder.example",
        "We met on Tuesday, you showed me the magnetic conveyor. Our line jams twice a shift and I think this could "
        "solve it. Please send me something in writing with prices so I can show it to my plant manager. J. Brandt",
    ),
    (
        "Enquiry",
        "purchase@shreeauto.example",
        "Dear Sir, Kindly send best offer for below: Gear hob M2.5 - 4 nos, Reamer 12H7 - 10 nos. Delivery required "
        "at Pune works. Terms 30 days. Regards, Sunil, Purchase",
    ),
    (
        "Wholesale?",
        "hello@thecornerdeli.example",
        "We run a small deli and our customers keep asking for your chutneys. Do you supply shops, and is there a "
        "minimum order?",
    ),
    (
        "Solar for a barn roof",
        "g.mccallum@btinternet.com",
        "Hello. I farm near Perth and have about 400 square metres of south facing roof. The electricity bill is "
        "frightening. Somebody at the mart said you fitted theirs. What would I be looking at, and is it worth it "
        "without the feed-in money? Evenings are best. Gordon McCallum",
    ),
    (
        "Fwd: bottles",
        "lena@hopfenhof.example",
        "Hi, could you make the swing-top bottle on your site in amber, half litre? We fill 20,000 a year, more if "
        "the export works out. What about embossing our logo? Lena",
    ),
    (
        "Quotation needed by Friday",
        "procurement@gulfline-marine.example",
        "Please quote your most competitive rate for 2 x 200 m mooring rope, polyamide, 48 mm, with certificates, "
        "delivered to Fujairah anchorage. Kindly indicate readiness and weight. Vessel sails on the 19th.",
    ),
    (
        "interpreters",
        "amira@forum-habitat.example",
        "Do you have two Arabic-English interpreters free on 4 and 5 May in Geneva? It's a panel of eight. Cost?",
    ),
    (
        "Re: Re: garden room",
        "sue.pemberton@yahoo.com",
        "Hi, thanks for coming round. We've decided to go for the bigger one with the side window after all. Can "
        "you do us a new figure with the electrics included, and when could you start? Sue",
    ),
    (
        "Becoming a stockist",
        "n.ozturk@anadolu-yapi.example",
        "We distribute tools to 300 hardware shops. We would like to represent your brand here. What margin do you "
        "give distributors, and do you support showrooms with displays? Nihat Ozturk, General Manager",
    ),
    (
        "Prototype housings",
        "eva.lindgren@sensaflow.example",
        "Hi,\nwe need 20 housings milled from 6082 for a trial next month, drawing attached, anodised natural. If "
        "they are good we will want 500 in the autumn, probably die cast. Can you take both steps?\n/Eva",
    ),
    ("??", "bigjim_t@aol.com", "how much for the 6ft one delivered to 45219"),
    (
        "Maintenance agreement",
        "facilities@stbrigids.example",
        "Our current agreement for the passenger lifts ends in March. We would welcome a proposal from you for two "
        "lifts, four stops each, including call-outs. The log books can be seen at reception.",
    ),
    (
        "Data migration project",
        "c.delgado@finca-norte.example",
        "We have outgrown our old ERP and are talking to three implementation partners. Could you walk us through "
        "how you would approach it and give a range for the effort? About 60 users, two companies, one warehouse.",
    ),
    (
        "Christmas hampers",
        "office@wrightandsons.example",
        "Last year you did our staff hampers and they went down a treat. Same thing again please but for 85 this "
        "time, and three without alcohol. What will they be per head this year?",
    ),
]

ACCOUNTING = [
    ("INV 20931", "purchaseledger@hartlepool-marine.example", "Pls send pod for this inv or we cannot pay. Thx"),
    (
        "Your account with us",
        "credit@northern-fixings.example",
        "Dear Customer,\n\nDespite our letter of the 3rd we have still not received settlement of the items below, "
        "which total 1,884.20. Unless we hear from you within five working days your account will be suspended.\n\n"
        "If you have paid in the last few days please accept our thanks.\n\nCredit Department",
    ),
    (
        "paid",
        "mick.barrow@gmail.com",
        "hi paid ur bill this morning by bank, 240 quid, ref barrow. can u confirm u got it cheers",
    ),
    (
        "Remittance 5500018823",
        "noreply-payments@kestrelgroup.example",
        "Supplier no. 100482. The following documents were settled by BACS on 14 May: 88120 gross 1,200.00, "
        "88177 gross 412.50, less credit 3310 -55.00. Net 1,557.50. This mailbox is not monitored.",
    ),
    (
        "Wrong VAT",
        "elodie.marchand@atelier-marchand.example",
        "Hello, you charged French VAT on the last two bills but we are in Belgium and gave you our VAT number when "
        "we registered. Could you cancel them and issue them again with 0 %? Elodie Marchand",
    ),
    (
        "New supplier set-up",
        "vendor.master@oakline.example",
        "Before we can release your first payment we need a completed vendor form, a voided check or bank letter, "
        "and your W-9. Please return everything in one PDF.",
    ),
    (
        "Query on February bill",
        "s.nakamura@quayside-dental.example",
        "There are two call-out charges on the February bill although your man only came once, he had forgotten his "
        "tools the first time. Please take one off. We will pay the rest straight away.",
    ),
    (
        "Where is our refund",
        "gillian.frost@outlook.com",
        "I sent the blender back three weeks ago and the money (89.99) is still not in my account. You had it on "
        "the 2nd according to tracking. When will it be paid back?",
    ),
    (
        "Statement reconciliation",
        "accounts@pellworth.example",
        "Morning, just going through your April statement. We have everything except 70114 and 70139, would you be "
        "able to email copies over? 70120 was short delivered so we are waiting on a credit for that one. Thanks, Bev",
    ),
    (
        "Year end confirmation",
        "audit@marlow-prior.example",
        "In connection with the audit of our client's financial statements please confirm the balance due to you as "
        "at 31 December and return the form directly to us.",
    ),
    (
        "Invoice attached",
        "rob@robsonelectrical.example",
        "Hi, invoice for the rewire attached as agreed. Bank details at the bottom. Cheers Rob",
    ),
    (
        "Your invoice from Brightdesk (BD-2204)",
        "billing@brightdesk.example",
        "Thanks for being a customer. Your invoice BD-2204 for the Team plan, 12 seats, is now available. Amount due: "
        "$348.00, charged to the card ending 4410 on 1 June. Download it at https://app.brightdesk.example/billing.",
    ),
    (
        "Instalments",
        "hassan@hassanscateringsupplies.example",
        "I can't manage the whole 2,300 at once this month. Would you take 800 now and the balance by the end of "
        "August? I don't want it to go to the collectors. Hassan",
    ),
    (
        "PO required",
        "apinvoices@county-hospitals.example",
        "Your invoice 6648 is returned herewith as it does not quote a valid purchase order. Please resubmit it with "
        "the order number. The thirty day term begins when we receive the corrected document.",
    ),
    (
        "change of bank",
        "finance@dunmore-packaging.example",
        "Please note that from 1 July all payments to Dunmore Packaging should be made to our new account. A letter "
        "signed by our finance director is attached, do ring me on the number you have on file to verify it.",
    ),
    (
        "Direct debit",
        "pauline.reid@btinternet.com",
        "You took 59.00 on the 1st and again on the 8th. I only have the one policy. Please give me one back and "
        "tell me it won't happen again. Mrs P Reid",
    ),
    (
        "Overdue - 3rd notice",
        "ar@lakeshore-freight.example",
        "Invoices 31877 and 31902 are now 74 days past terms. Remit today or call me with a payment date. Further "
        "shipments are on credit hold. D. Kowalczyk, Accounts Receivable",
    ),
    (
        "invoice address",
        "karin.holm@nordhus.example",
        "Hi! We changed our legal name to Nordhus Bolig AS on 1 May. Please put it on all invoices from now on, and "
        "send them to faktura@nordhus.example instead of to me. Karin",
    ),
    (
        "Deposit for order 1172",
        "t.mbeki@savanna-lodges.example",
        "We transferred the 30 % deposit yesterday, the swift message is attached. Kindly send a receipt and the "
        "final pro forma for the balance.",
    ),
    (
        "Q2 commission",
        "agent.lopez@lopezreps.example",
        "My commission statement for the second quarter shows nothing for the Vega order although they paid you in "
        "May. Could your accounts people look into that and pay the difference with the next run?",
    ),
]
