from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marsad.data.boilerplate import phrases
from marsad.data.cleaning import KINDS, clean_report, find_cuts
from marsad.data.reports import Mention, Report

STORY = "قصفت قوات النظام بلدة كنصفرة بالمدفعية، وأصيب ثلاثة من سكانها بجروح.\nوقال مسعف إن القصف استمر ساعتين وطال السوق القديم."
RUBBISH = {
    "comment thread": "\nاترك تعليقاً\nأبو ليث\nالله يرحمهم ويشفي الجرحى",
    "reactions and thread": "\nAll reactions:\n12\n3 comments\nLike\nأم سعيد\nحسبنا الله",
    "related headlines": "\nمقالات ذات صلة\nاجتماع في أنقرة لبحث الهدنة\nأسعار الخبز ترتفع في حلب",
    "tags": "\nالوسوم:\nإدلب\nكنصفرة\nقصف",
    "previous and next": "\nالسابق\nوفد أممي يزور معبر باب الهوى\nالتالي\nأمطار غزيرة على الساحل",
    "share buttons and counts": "\nفيسبوك\nتويتر | واتساب\n14 shares",
    "invitation": "\nتابعونا على قناتنا في تلغرام",
    "menu": "\nالرئيسية\nسياسة\nاقتصاد\nرياضة",
    "time stamp or signature": "12:36 PM · Dec 18, 202547.4KViews342824746",
}


def test_every_kind_is_tested() -> None:
    assert set(RUBBISH) | {"byline"} == set(KINDS)


@pytest.mark.parametrize(("kind", "rubbish"), RUBBISH.items())
def test_rubbish_behind_a_story_goes_and_the_story_stays(kind: str, rubbish: str) -> None:
    cleaned = clean_report(Report("1", STORY + rubbish))
    assert cleaned.report.text.rstrip("\n") == STORY
    assert kind in {cut.kind for cut in cleaned.cuts}


def test_headlines_end_where_the_story_goes_on() -> None:
    text = f"اقرأ أيضاً\nهدنة في الجنوب\n{STORY}\nاقرأ أيضاً: قتيل في درعا\nوانتهى القصف مساء."
    assert clean_report(Report("1", text)).report.text == f"{STORY}\nوانتهى القصف مساء."


def test_a_byline_goes_from_the_top_only() -> None:
    byline = "مرصد الشمال - إدلب (سامر العلي)\n"
    assert clean_report(Report("1", byline + STORY)).report.text == STORY
    assert clean_report(Report("1", "ترجمة: نورا\n" + STORY)).report.text == STORY
    late = STORY.replace("\n", "\n" * 7) + "\n" + byline
    assert clean_report(Report("1", late)).report.text == late


def test_a_heading_of_comments_above_the_story_goes_alone() -> None:
    assert clean_report(Report("1", f"التعليقات (0)\n{STORY}")).report.text == STORY


OTHER_FORMS = [
    "كل التفاعلات: ١٢\nأم سعيد",
    "3 تعليقات\nأم سعيد",
    "موضوعات ذات علاقة\nهدنة في الجنوب",
    "طالع أيضاً | هدنة في الجنوب",
    "المقالة التالية\nهدنة في الجنوب",
    "الكلمات الدلالية\nإدلب",
    "عدد المشاهدات: 310\n1,204 مشاهدة",
    "مشاركة عبر واتساب",
    "انضموا إلى مجموعتنا على واتساب",
    "٩:٠٥ ص · ٣ مايو ٢٠٢١",
    "منذ 3 ساعات",
    "الرئيسية | محليات | صور",
]


@pytest.mark.parametrize("rubbish", OTHER_FORMS)
def test_rubbish_in_another_wording_goes_too(rubbish: str) -> None:
    assert clean_report(Report("1", f"{STORY}\n{rubbish}")).report.text.rstrip("\n") == STORY


@pytest.mark.parametrize(
    "line", ["الأربعاء، 3 أيار/مايو 2023 - 14:05", "بواسطة سامر العلي في 12 مارس 2021", "مدة القراءة: 3 دقائق"]
)
def test_lines_of_day_and_hand_go_from_the_top(line: str) -> None:
    assert clean_report(Report("1", f"{line}\n{STORY}")).report.text == STORY


REPORTED = [
    "اشترك في الهجوم على القرية مئتا عنصر",
    "انضم إلى الفصيل ثلاثون شابا من البلدة",
    "شارك الخباز في الإضراب",
    "قتل في 3 أيار 2023 مدنيان",
    "منذ 3 ساعات والقصف مستمر",
]


@pytest.mark.parametrize("line", REPORTED)
def test_short_lines_of_a_story_stay(line: str) -> None:
    assert find_cuts(f"{line}\n{STORY}") == []


@pytest.mark.parametrize("text", [STORY, "سوريا\n" + STORY, "قال تعليقاً على القصف: سنرد.", "السابق ذكره في البيان صحيح."])
def test_what_a_story_says_stays(text: str) -> None:
    assert find_cuts(text) == []


def test_mentions_move_and_those_in_a_cut_are_lost() -> None:
    front = "مقالات ذات صلة\nداعش تهاجم تدمر\n"
    text = front + STORY + RUBBISH["time stamp or signature"]
    army, isis = text.index("قوات النظام"), text.index("داعش")
    mentions = (Mention(isis, isis + 4, "isis"), Mention(army, army + 11, "assad_regime"))
    cleaned = clean_report(Report("1", text, factions=mentions))
    (moved,) = cleaned.report.factions or ()
    assert cleaned.report.text[moved.start : moved.end] == "قوات النظام"
    assert cleaned.lost == mentions[:1]


def test_a_report_of_nothing_but_rubbish_stays_as_it_was() -> None:
    report = Report("1", "مقالات ذات صلة\nهدنة في الجنوب\nأمطار على الساحل")
    cleaned = clean_report(report)
    assert (cleaned.report, cleaned.cuts, cleaned.only_rubbish) == (report, (), True)


PIECES = st.sampled_from([*RUBBISH.values(), STORY, "\n", "داعش", "🙂 ", "\r\n", "اقرأ أيضاً: خبر\n", "اترك تعليقاً\n"])


@given(st.lists(PIECES, max_size=8))
def test_the_rest_is_kept_byte_for_byte_and_mentions_keep_their_words(pieces: list[str]) -> None:
    text = "".join(pieces) + "خبر."
    places = [at for at in range(len(text)) if text.startswith("داعش", at)]
    report = Report("1", text, factions=tuple(Mention(at, at + 4, "isis") for at in places))
    cleaned = clean_report(report)
    rest, end = "", 0
    for cut in cleaned.cuts:
        assert cut.start >= end
        rest, end = rest + text[end : cut.start], cut.end
    assert cleaned.report.text == rest + text[end:]
    kept = cleaned.report.factions or ()
    assert all(cleaned.report.text[one.start : one.end] == "داعش" for one in kept)
    assert len(kept) + len(cleaned.lost) == len(places)


def test_no_phrase_stands_twice() -> None:
    for kind, found in phrases().items():
        assert len(set(found)) == len(found), kind
