"""Links that lead elsewhere are refused by name, however they are dressed; the officials' own go."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.campaign.links import check_links, links
from broadcast.config import Wording
from broadcast.errors import RefusedError

OFFICIAL = Wording(official_domains=("moh.gov.vn", "ncovi.vn", "bộytế.vn"))

# as they were, and are, in texts that follow each round of an alert
ATTACKS = {
    "another domain": ("Xem https://moh-gov-vn.com/tin", r"moh-gov-vn\.com"),
    "official in front of another": ("https://moh.gov.vn.evil.example.com", r"moh\.gov\.vn\.evil"),
    "official as a part of a word": ("https://xmoh.gov.vn", r"xmoh\.gov\.vn"),
    "bare": ("Vào evil.com ngay", r"evil\.com"),
    "with www": ("www.evil.com", r"www\.evil\.com"),
    "bare with a path": ("evil.com/moh.gov.vn", r"evil\.com"),
    "capitals": ("EVIL.COM", r"EVIL\.COM"),
    "in brackets": ("(evil.com)", r"evil\.com"),
    "behind a comma": ("moh.gov.vn,evil.com", r"evil\.com"),
    "at the end of a sentence": ("Xem evil.com.", r"evil\.com"),
    "shortened": ("bit.ly/3abc", r"bit\.ly"),
    "shortened, new": ("t.ly/abc", r"t\.ly"),
    "user": ("https://moh.gov.vn@evil.com/x", r"evil\.com"),
    "user and password": ("https://moh.gov.vn:443@evil.com", r"evil\.com"),
    "backslash and user": (r"https://evil.com\@moh.gov.vn", r"evil\.com"),
    "user of the official": ("https://evil.com@moh.gov.vn", r"moh\.gov\.vn \(behind an @"),
    "port": ("https://moh.gov.vn:8443/x", r"moh\.gov\.vn \(with a port\)"),
    "bare with a port": ("moh.gov.vn:8080", r"moh\.gov\.vn \(with a port\)"),
    "query before the end of the host": ("https://evil.com?@moh.gov.vn", r"evil\.com"),
    "fragment": ("https://evil.com#.moh.gov.vn", r"evil\.com"),
    "comma in the host": ("https://moh.gov.vn,evil.com/", r"moh\.gov\.vn,evil\.com"),
    "trailing dot": ("https://moh.gov.vn./x", r"moh\.gov\.vn\."),
    "Cyrillic": ("https://mоh.gov.vn", r"mоh\.gov\.vn \(looks like moh\.gov\.vn, with U\+043E CYRILLIC"),
    "Greek": ("mοh.gov.vn", r"looks like moh\.gov\.vn, with U\+03BF GREEK SMALL LETTER OMICRON"),
    "whole of Cyrillic": ("https://ѕоѕ.vn", r"ѕоѕ\.vn"),
    "below an official one, mixed": ("https://nсоv.moh.gov.vn", r"with U\+0441 CYRILLIC"),
    "below an official one, capitals": ("ΤΙΝ.moh.gov.vn", r"with U\+03A4 GREEK"),
    "dotless": ("ncovı.vn", r"ncovı\.vn \(looks like ncovi\.vn, with U\+0131"),
    "l for i": ("ncovl.vn", r"ncovl\.vn \(looks like ncovi\.vn\)"),
    "rn for m": ("rnoh.gov.vn", r"rnoh\.gov\.vn \(looks like moh\.gov\.vn\)"),
    "punycode of a look-alike": ("https://xn--mh-fmc.gov.vn", r"xn--mh-fmc\.gov\.vn"),
    "punycode": ("xn--80ak6aa92e.com", r"xn--80ak6aa92e\.com"),
    "full-width": ("ｅｖｉｌ．ｃｏｍ", r"evil\.com"),
    "full-width dots": ("evil．com", r"evil\.com"),
    "ideographic dots": ("evil。com", r"evil\.com"),
    "half-width dots": ("evil｡com", r"evil\.com"),
    "leader for a dot": ("evil․com", r"evil\.com"),
    "full-width official": ("ｍｏｈ.gov.vn", r"written otherwise than moh\.gov\.vn"),
    "official with another's dots": ("moh。gov。vn", r"written otherwise"),
    "full-width slashes": ("https:／／evil.com／x", r"evil\.com"),
    "mathematical letters": ("𝐞𝐯𝐢𝐥.com", r"evil\.com"),
    "percent": ("https://evil%2ecom/", r"evil%2ecom"),
    "four numbers": ("http://93.184.216.34/", r"93\.184\.216\.34"),
    "bare four numbers": ("93.184.216.34", r"93\.184\.216\.34"),
    "one number": ("http://1572395042/", r"1572395042"),
    "hexadecimal": ("http://0x5DB8D822", r"0x5DB8D822"),
    "version 6": ("http://[2001:db8::1]/", r"\["),
    "no dot": ("https://localhost/", r"localhost"),
    "another scheme": ("ftp://moh.gov.vn", r"with ftp: only http and https"),
    "a script": ("javascript://moh.gov.vn/%0aalert(1)", r"with javascript"),
    "hxxp": ("hxxps://evil.com", r"evil\.com"),
    "without a scheme's name": ("//evil.com/", r"evil\.com"),
    "one slash": ("https:/evil.com", r"evil\.com"),
    "e-mail": ("Gửi botruong@evil.com", r"evil\.com"),
    "between letters without blanks": ("请访问evil.com查询", r"evil\.com"),
    "amid Thai": ("ไปที่evil.comนะ", r"evil\.com"),
    "another country's letters": ("почта.рф", r"почта\.рф"),
    "a second one in the first's path": ("https://moh.gov.vn/x?u=https://evil.com", r"evil\.com"),
    "a new top level": ("moh-gov.vn.zip", r"moh-gov\.vn\.zip"),
    "a top level that is younger than the list": ("www.moh.vnx", r"www\.moh\.vnx"),
    "a missing blank": ("Thành ủy TP.Ca Mau", r"TP\.Ca"),
}


@pytest.mark.parametrize(("text", "named"), ATTACKS.values(), ids=ATTACKS.keys())
def test_a_link_that_leads_elsewhere(text: str, named: str) -> None:
    with pytest.raises(RefusedError, match=named):
        check_links(text, OFFICIAL)


@pytest.mark.parametrize(
    "text",
    [
        "Xem https://moh.gov.vn.",
        "Xem ncov.moh.gov.vn!",
        "(http://NCOV.MOH.GOV.VN/tin?a=1#b)",
        "ncovi.vn/a.sh, moh.gov.vn/tai-lieu.md",
        "Thư: duongdaynong@moh.gov.vn",
        "https://bộytế.vn, xn--byt-9jzwf.vn",
    ],
)
def test_an_official_link(text: str) -> None:
    assert list(links(text))
    check_links(text, OFFICIAL)


@pytest.mark.parametrize(
    "text",
    [
        "Ở nhà.Không ra đường. Gọi 1900.9095 hoặc 024.3846.1530.",
        "Ngày 29.11.2026 lúc 18.30, v.v...",
        "TP.HCM, Q.1, P.12, TP.Cà Mau, Tp.Huế, BS.Nguyễn, QĐ-BYT",
        "Giá 1.500.000đ; tỉ lệ 3.5; bản 1.2.3",
        "请戴口罩。勤洗手。",
        "a.m. p.m. e.g. i.e. U.S.",
        "1:30/2:45 và/hoặc a//b",
    ],
)
def test_no_link_at_all(text: str) -> None:
    assert list(links(text)) == []


def test_with_nothing_configured_no_link_goes() -> None:
    with pytest.raises(RefusedError, match=r"moh\.gov\.vn \(none is configured\)"):
        check_links("moh.gov.vn", Wording())


def test_every_link_is_named_at_once_and_no_more_than_five() -> None:
    with pytest.raises(RefusedError, match=r"a\.com; b\.com; c\.com \("):
        check_links("a.com b.com c.com a.com", OFFICIAL)
    with pytest.raises(RefusedError, match=r"e\.com \.\.\. \("):
        check_links("a.com b.com c.com d.com e.com f.com", OFFICIAL)


def test_an_error_holds_the_host_alone_without_what_steers_a_terminal() -> None:
    with pytest.raises(RefusedError) as caught:
        check_links("https://evil\x1b[31m.com/bệnh-nhân", OFFICIAL)
    assert "bệnh" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


hosts = st.from_regex(r"[a-z][a-z0-9]{2,9}(-[a-z0-9]{1,5})?\.(com|vn|net|zip|com\.vn)", fullmatch=True)
DRESSES = [
    lambda host: host,
    str.upper,
    lambda host: f"https://{host}/moh.gov.vn",
    lambda host: f"http://moh.gov.vn@{host}",
    lambda host: f"https:\\\\{host}",
    lambda host: host.replace(".", "．"),
    lambda host: host.replace(".", "。"),
    lambda host: "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in host),
    lambda host: f"{host}:443",
    lambda host: f"moh.gov.vn.{host}",
    lambda host: f"moh.gov.vn@{host}",
    lambda host: f"「{host}」",
    lambda host: f"<{host}>",
]
words = st.text(alphabet="abcăâđêôơư ,;!?\n", max_size=20)


@given(words, hosts, st.sampled_from(DRESSES), words)
def test_whatever_it_is_dressed_as(before: str, host: str, dress: object, after: str) -> None:
    assert callable(dress)
    with pytest.raises(RefusedError):
        check_links(f"{before} {dress(host)} {after}", OFFICIAL)


@given(st.text())
def test_any_text_is_looked_through(text: str) -> None:
    """No other error; and a link needs a dot or a colon, in whatever form."""
    read = unicodedata.normalize("NFKC", text)
    assert not list(links(text)) or set(read) & set(".:。")
