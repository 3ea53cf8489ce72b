"""Texts are repaired where they were encoded twice, and compared by what they mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkify.lookups import texts
from sparkify.lookups.texts import (
    base_title,
    credit_key,
    fold,
    keys,
    repair,
    song_key,
)
from sparkify.simulate import words
from sparkify.simulate.text import damage

# Names as they are written, by people who did not think of encodings.
GENUINE = (
    """
São Paulo|CORAÇÃO|MAÇÃ|AMANHÃ DE MANHÃ|PÃO DE AÇÚCAR|Ã ESPERA|IRMÃ É|João Gilberto
Ação “entre aspas”|LÃ|Â É|À LA CARTE|Não Vá|Avião – Ao Vivo|Coração Acústico (Ao Vivo)
Đỗ Bảo|Trịnh Công Sơn|Diễm xưa|Mùa thu Hà Nội|Đừng ngoảnh lại|Ngày ấy Bạn và Tôi|Ðời
Mötley Crüe|Motörhead|Die Ärzte|ÄÖÜ|Größe|Straße|ÜBER ALLES WEG|Schön|Für Elise|Käfer
東京事変|椎名林檎|ガラス|ｶﾞﾗｽ|サカナクション|きゃりーぱみゅぱみゅ|「新宝島」|海の街
😀|🎧🎵|❤️|👨‍👩‍👧|Summer 🌙✨|🇧🇷 Samba|DJ ✌🏽|♫ La la ♫
Beyoncé|Björk|Sigur Rós|Ágætis byrjun|Ñu|¿Dónde va Chichi?|¡Ay, Carmela!|Øystein
Łódź|Žižek|Ђорђе|Ελλάδα|Шостакович|עברית|العربية|हिन्दी|ไทย|한국어|ქართული|Հայերեն|አማርኛ
naïve café|l’été|“quotes”|…|½ ¼|E=mc²|№ 5|™|20 ℃|Ａｂｃ|ﬁne|Kaɾaoke|N̈|o\u0308|A\u00a0B
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


def scripts() -> list[str]:
    """Phrases of every script of the simulator."""
    languages = words.LANGUAGES._items
    return [
        first + one.link + one.seconds[0] for one in languages for first in one.firsts
    ]


@pytest.mark.parametrize("text", GENUINE)
def test_genuine_text_stays(text: str) -> None:
    """What was never damaged is not changed, odd as it may look."""
    assert repair(text) == text


@pytest.mark.parametrize("text", GENUINE)
def test_damaged_text_is_repaired(text: str) -> None:
    """UTF-8 that was read as Latin-1, once or twice over, reads right again."""
    once = text.encode().decode("latin-1")
    assert repair(once) == text
    assert repair(damage(text)) == text


@given(TEXTS, st.sampled_from(texts._MISTAKEN))
def test_ftfy_repairs_what_is_suspicious_alone(text: str, mistaken: str) -> None:
    """It is not asked about other text, which costs far more."""
    damaged = text.encode().decode(mistaken, "ignore")
    if texts._fix_encoding()(damaged) != damaged:
        assert texts._is_suspicious(damaged)


@pytest.mark.parametrize("text", scripts())
def test_simulated_text_is_repaired(text: str) -> None:
    """All scripts of the simulator come back from the damage of the logs."""
    assert repair(damage(text)) == repair(text) == text


@given(TEXTS)
def test_repair_has_an_end(text: str) -> None:
    """What is repaired is not changed by another repair."""
    assert repair(repair(text)) == repair(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_stays(text: str) -> None:
    """ASCII was never damaged."""
    assert repair(text) == text


def test_real_damage_is_repaired_and_nothing_else_changed(real_data: Path) -> None:
    """All 326 damaged plays of the real data read right; the others stay."""
    damaged = 0
    for file in (real_data / "log_data").rglob("*.json"):
        for line in file.read_text("utf-8").splitlines():
            event = json.loads(line)
            texts = [event["song"] or "", event["artist"] or ""]
            right = texts
            if not "".join(texts).isascii():
                damaged += 1
                for _ in range(2):
                    right = [text.encode("latin-1").decode() for text in right]
            assert [repair(text) for text in texts] == right
            assert [repair(text) for text in right] == right
    assert damaged == 326


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("R.E.M.", "rem"),
        ("AC/DC", "ac dc"),
        ("Can’t  Stop!", "cant stop"),
        ("Dance_ Dance", "dance dance"),
        ("Simon & Garfunkel", "simon and garfunkel"),
        ("Florence + The Machine", "florence and the machine"),
        ("Hello...Again", "hello again"),
        ("Numb / Encore", "numb encore"),
        ("#9", "#9"),
        ("C#", "c#"),
        ("A$AP", "a$ap"),
        ("???", "???"),
        ("東京 😀", "東京 😀"),
    ],
)
def test_words_are_what_is_left(text: str, folded: str) -> None:
    """Punctuation and blanks tell no songs apart; signs that mean something do."""
    assert fold(text.lower()) == folded


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("undo (live)", "undo"),
        ("undo - radio edit", "undo"),
        ("undo [2011 remaster] (feat. ana)", "undo"),
        ("undo feat. ana (live)", "undo"),
        ("jóga", "joga"),
        ("łódź", "lodz"),
        ("ガラス", "ガラス"),
        ("май", "май"),
        ("हिन्दी", "हिन्दी"),
        ("(live)", "live"),
        ("live forever", "live forever"),
        ("another brick (part 1)", "another brick part 1"),
        ("left", "left"),
        ("x - y", "x y"),
    ],
)
def test_base_of_a_title(text: str, base: str) -> None:
    """Guests, kinds of recording and Latin accents go; other letters stay."""
    assert base_title(text) == base


@given(TEXTS, TEXTS)
def test_keys_need_both_names(title: str, artist: str) -> None:
    """A song has keys if and only if its title and its artist are told."""
    match_key, base_key, artist_key = keys(title, artist)
    assert (match_key is None) is (base_key is None)
    assert (match_key is None) is not bool(title.strip() and artist.strip())
    assert (artist_key is None) is not bool(artist.strip())


@given(TEXTS, TEXTS)
def test_equal_names_have_equal_keys(title: str, artist: str) -> None:
    """Outer blanks and case make no other keys, whatever the letters."""
    assert keys(f" {title} ", artist + " ") == keys(title, artist)
    assert song_key(f" {title} ", artist + " ") == song_key(title, artist)
    assert credit_key(artist + " ") == credit_key(artist)
    assert (credit_key(artist) is None) is not bool(artist.strip())


ARTISTS = ("The Déjà & Co", "deja and co.", "Déjà Co ft. Ana", "DEJA CO (FT ANA)", "Ft")


@given(TEXTS, st.sampled_from(ARTISTS), st.sampled_from(ARTISTS))
def test_songs_of_a_key_have_one_artist(title: str, one: str, other: str) -> None:
    """A load looks for songs among those of the artist: no key may join two artists."""
    for key in (0, 1):
        if title.strip() and keys(title, one)[key] == keys(title, other)[key]:
            assert keys(title, one)[2] == keys(title, other)[2]
