"""What of HTML a person sees, and so a judge: nothing that is hidden, by whatever trick, and all that is not."""

import pytest

from triage.parsing.html import text_of
from triage.parsing.looks import WORK

HIDDEN = {
    "one pixel": '<span style="font-size:1px">SECRET</span>',
    "a tenth of a point": '<span style="font-size:0.1pt">SECRET</span>',
    "white by an attribute": '<font color="#ffffff">SECRET</font>',
    "white by its name": '<font color="white">SECRET</font>',
    "faint": '<div style="opacity:.01">SECRET</div>',
    "faint, in per cent": '<div style="opacity:0%">SECRET</div>',
    "one pixel high": '<div style="height:1px;overflow:hidden">SECRET</div>',
    "no width": '<div style="width:0;overflow:hidden">SECRET</div>',
    "no height": '<div style="max-height:0px;overflow:hidden">SECRET</div>',
    "far to the left": '<div style="position:absolute;left:-9999px">SECRET</div>',
    "far above": '<div style="position:absolute;top:-9999px">SECRET</div>',
    "far to the left by its margin": '<div style="margin-left:-9999px">SECRET</div>',
    "transparent": '<div style="color:transparent">SECRET</div>',
    "rgba": '<div style="color:rgba(0,0,0,0)">SECRET</div>',
    "nearly white": '<div style="color:#fefefe">SECRET</div>',
    "black on black": '<div style="background:#000;color:#000">SECRET</div>',
    "as the cell around": '<table bgcolor="#336699"><tr><td style="color:#336699">SECRET</td></tr></table>',
    "clip": '<div style="position:absolute;clip:rect(0,0,0,0)">SECRET</div>',
    "clip-path": '<div style="clip-path:inset(100%)">SECRET</div>',
    "scaled to nothing": '<div style="transform:scale(0)">SECRET</div>',
    "a class in a class": '<style>.a .b{display:none}</style><div class="a"><p class="b">SECRET</p></div>',
    "a tag": "<style>u{display:none}</style><u>SECRET</u>",
    "a tag with a class": '<style>div.x{display:none}</style><div class="x">SECRET</div>',
    "an attribute": '<style>[data-x]{display:none}</style><div data-x="1">SECRET</div>',
    "important": '<div style="display : none ! important">SECRET</div>',
    "capitals": '<div style="DISPLAY:NONE">SECRET</div>',
    "a comment within": '<div style="display:/**/none">SECRET</div>',
    "an escape within": '<div style="d\\69splay:none">SECRET</div>',
    "hidden attr": "<div hidden>SECRET</div>",
    "collapsed": '<div style="visibility:collapse">SECRET</div>',
    "comment": "<!-- SECRET -->",
    "for Outlook only": "<!--[if mso]>SECRET<![endif]-->",
    "mso-hide": '<div style="mso-hide:all">SECRET</div>',
    "noframes": "<noframes>SECRET</noframes>",
    "iframe": "<iframe>SECRET</iframe>",
    "xmp": "<template>SECRET</template>",
    "input hidden": '<input type="hidden" value="SECRET">',
    "img alt": '<img alt="SECRET">',
    "video fallback": "<video>SECRET</video>",
    "datalist": "<datalist><option>SECRET</option></datalist>",
    "dialog": "<dialog>SECRET</dialog>",
    "white by its hue": '<div style="color:hsl(0, 0%, 100%)">SECRET</div>',
    "white without commas": '<div style="color:rgb(255 255 255)">SECRET</div>',
    "clear without commas": '<div style="color:rgb(0 0 0 / 0)">SECRET</div>',
    "clear in hexadecimal": '<div style="color:#00000000">SECRET</div>',
    "nearly white by its name": '<div style="color:Snow">SECRET</div>',
    "the same name twice": '<td bgcolor="navy"><font color="navy">SECRET</font></td>',
    "clear paper": '<div style="background:rgba(0,0,0,0);color:#fff">SECRET</div>',
    "a semicolon in quotes": "<div style=\"font-family:'a;b';display:none\">SECRET</div>",
    "a comment in quotes": "<div style=\"font-family:'/*';display:none\">SECRET</div>",
    "a child": "<style>div > u{display:none}</style><div><u>SECRET</u></div>",
    "a child in a child": "<style>.a>.b u{display:none}</style><i class=a><i class=b><b class=b><u>SECRET",
    "all but a class": "<style>u:not(.x){display:none}</style><u>SECRET</u>",
    "an escaped class": "<style>.md\\:none{display:none}</style><u class='md:none'>SECRET</u>",
    "an attribute with blanks": '<style>u[title = "a b"]{display:none}</style><u title="a b">SECRET</u>',
    "the more specific rule": "<style>.x{display:none}u{display:inline}</style><u class=x>SECRET</u>",
    "line-height0": '<div style="line-height:0;font-size:0">SECRET</div>',
}
SEEN = {
    "hidden in the dark only": "<style>@media (prefers-color-scheme: dark){.x{display:none}}</style><p class=x>SHOWN",
    "white on a dark cell": '<table bgcolor="#003366"><tr><td><font color="#ffffff">SHOWN</font></td></tr></table>',
    "white on a dark box": '<div style="background:#036"><span style="color:#fff">SHOWN</span></div>',
    "hardly faded": '<div style="opacity:0.9">SHOWN</div>',
    "white on black": '<a style="background:#000;color:#fff">SHOWN</a>',
    "by a class": '<style>.h{background:#123}</style><p class=h><b style="color:#fff">SHOWN</b>',
    "both by a class": "<style>.w{color:white}.d{background:#123}</style><p class=d><b class=w>SHOWN</b>",
    "a link in white": "<font color='#fff'><a href='x'>SHOWN</a></font>",
    "white on a picture": "<div style='background:url(x.png)'><b style='color:#fff'>SHOWN</b></div>",
    "white on a gradient": "<div style='background:linear-gradient(#000,#333)'><b style='color:#fff'>SHOWN</b></div>",
    "white around a dark box": "<div style='color:#fff'><p style='background:#036'>SHOWN</p></div>",
    "no size around a readable one": "<div style='font-size:0'><p style='font-size:14px'>SHOWN</p></div>",
    "one letter high": "<div style='height:1em;overflow:hidden'>SHOWN</div>",
    "in proportion": "<div style='font-size:.9em;width:1%;overflow:hidden'>SHOWN</div>",
    "a class of another tag": "<style>p.x{display:none}</style><span class=x>SHOWN</span>",
    "a class in another place": "<style>.a .b{display:none}</style><p class=b>SHOWN</p>",
    "shown again later": "<style>.x{display:none}.x{display:block}</style><p class=x>SHOWN</p>",
    "for phones only": "<style>@media (max-width:9px){.x{display:none}}</style><p class=x>SHOWN</p>",
    "while the mouse is there": "<style>a:hover{color:#fff}</style><a href=x>SHOWN</a>",
    "inherited": "<p style='color:inherit;background:inherit'>SHOWN</p>",
    "black on clear paper": "<p style='background:rgba(0,0,0,0)'>SHOWN</p>",
    "a picture on clear paper": "<p style='background:rgba(0,0,0,0) url(x.png);color:#fff'>SHOWN</p>",
    "a colour of a space that screens lack": "<p style='color:lab(100% 0 0)'>SHOWN</p>",
    "a colour without numbers": "<p style='color:color()'>SHOWN</p>",
    "no child": "<style>div > u{display:none}</style><div><b><u>SHOWN</u></b></div>",
    "the class left out": "<style>p:not(.x){display:none}</style><p class=x>SHOWN</p>",
    "before it": "<style>p::before{display:none}</style><p>SHOWN</p>",
    "after another": "<style>b + u{display:none}</style><u>SHOWN</u>",
    "a selector that is none": "<style>> p, p >, p!, a| {display:none}</style><p>SHOWN</p>",
    "a bold font": "<p style='font:700 14px/0 Arial'>SHOWN</p>",
    "no height, but nothing cut": "<div style='height:0'>SHOWN</div>",
}


@pytest.mark.parametrize("html", HIDDEN.values(), ids=HIDDEN.keys())
def test_what_nobody_sees_is_left_out(html: str) -> None:
    text, _ = text_of(f"<p>Hello</p>{html}")
    assert text.strip() == "Hello"


@pytest.mark.parametrize("html", SEEN.values(), ids=SEEN.keys())
def test_what_is_seen_is_kept(html: str) -> None:
    assert "SHOWN" in text_of(f"<p>Hello</p>{html}")[0]


def test_the_later_rule_counts_whatever_it_names() -> None:
    rules = "".join(f".x{number}{{display:none}}#y{number}{{display:block}}" for number in range(20))
    shown = "".join(f"<p class=x{number} id=y{number}>SHOWN</p>" for number in range(20))
    assert text_of(f"<style>{rules}</style>{shown}")[0].count("SHOWN") == 20


def test_how_much_was_hidden_is_told() -> None:
    assert text_of("<p>Hello</p><p style='color:#fefefe'>SECRET</p>") == ("Hello\n\n", 6)


def test_selectors_in_one_another_without_end_cost_no_text() -> None:
    inside = "(" * 9000 + ")" * 9000
    sheet = f"p{inside}{{display:none}}" + ":not(" * 3000 + "p" + ")" * 3000 + "{display:none}.x{display:none}"
    assert text_of(f"<style>{sheet}</style><p>Hello</p><p class=x>SECRET") == ("Hello\n\n", 6)


def test_rules_without_end_cost_a_bounded_time_and_no_text() -> None:
    rules = "".join(f".a .b{number} .c .a{{display:none}}" for number in range(1000))
    number = WORK // 20
    text, _ = text_of(f"<style>{rules}</style>" + "<div class=a>" * 40 + "<p class=a>x" * number)
    assert text.count("x") == number
