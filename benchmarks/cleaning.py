"""What `data clean` cuts of rubbish planted around seed reports, and how much of what it cuts was the report's own.

python benchmarks/cleaning.py [REPORTS ...]     (REPORTS: files of real reports, of which only counts are told)

Around each seed report stands one form of each of four kinds, drawn by lot, as sites and networks write them: `as listed` are
phrases that `boilerplate.yaml` had from the start, `other forms` those after which it was mended, `unseen` were written afterwards
and it was not mended after them. Recall: planted lines that are cut whole. Precision: characters cut that were planted.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from marsad.data.cleaning import clean_report, find_cuts
from marsad.data.reports import Report, read_reports
from marsad.taxonomy import find_taxonomy, read_taxonomy

SEEDS = Path(__file__).parents[1] / "seeds" / "reports.jsonl"
TITLES = ("وفد أممي يزور معبرا في الشمال", "أسعار الخبز ترتفع في المدن", "اجتماع لبحث هدنة في الجنوب", "أمطار غزيرة على الساحل")
WORDS = ("أبو ليث", "الله يرحمهم ويصبر أهلهم", "أم سعيد", "حسبنا الله ونعم الوكيل", "ليش ما حدا يحكي عن القرية؟")
TAGS = ("إدلب", "قصف مدفعي", "ريف حلب", "نازحون")
HEADS = {
    "menu": {
        "as listed": ("الرئيسية\nسياسة\nاقتصاد\nرياضة", "الرئيسية\nسوريا\nتقارير\nمن نحن"),
        "other forms": (
            "الصفحة الرئيسية\nأخبار محلية\nفيديو\nتواصل معنا",
            "Home\nNews\nVideo\nAbout us",
            "الرئيسية | محليات | صور | بودكاست",
        ),
        "unseen": (
            "الرئيسية\nمحافظات\nحوادث\nالمزيد",
            "News | Syria | World | Sport",
        ),
    },
    "byline": {
        "as listed": ("كتب: سامر العلي", "إعداد: نورا الحسن", "تاريخ النشر: 12 آذار 2021"),
        "other forms": (
            "نشر في: 12 آذار 2021",
            "مدة القراءة: 3 دقائق",
            "بواسطة سامر العلي في 12 مارس 2021",
            "12 مارس 2021 - 14:05",
            "By Nora Hasan",
            "متابعة: فريق التحرير",
            "الأربعاء 3 أيار 2023",
        ),
        "unseen": (
            "نقله إلى العربية: سامر العلي",
            "فريق الأخبار - 3 أيار 2023",
            "إشراف: نورا الحسن",
        ),
    },
}
TAILS = {
    "related headlines": {
        "as listed": ("مقالات ذات صلة\n{t}\n{t}", "شاهد أيضاً: {t}", "قد يعجبك أيضا\n{t}\n{t}"),
        "other forms": (
            "موضوعات ذات صلة\n{t}\n{t}",
            "قد يهمك:\n{t}",
            "المزيد من الأخبار\n{t}\n{t}",
            "آخر الأخبار\n{t}\n{t}",
            "طالع أيضاً: {t}",
            "مواد ذات علاقة\n{t}",
            "You may also like\n{t}",
            "اقرأ أيضاً | {t}",
            "الأكثر مشاهدة\n{t}\n{t}",
        ),
        "unseen": (
            "أخبار من القسم نفسه\n{t}",
            "لا يفوتك\n{t}",
            "روابط ذات صلة\n{t}",
            "اقرأ كذلك: {t}",
            "Don't miss\n{t}",
        ),
    },
    "tags": {
        "as listed": ("الوسوم:\n{g}\n{g}", "كلمات مفتاحية\n{g}\n{g}"),
        "other forms": ("الكلمات الدلالية:\n{g}\n{g}", "وسوم: {g}، {g}", "الوسوم {g} {g}", "Tagged: {g}, {g}"),
        "unseen": (
            "العلامات: {g}، {g}",
            "مواضيع: {g}",
        ),
    },
    "previous and next": {
        "as listed": ("السابق\n{t}\nالتالي\n{t}",),
        "other forms": (
            "المقالة السابقة\n{t}\nالمقالة التالية\n{t}",
            "الموضوع التالي\n{t}",
            "Previous Post\n{t}\nNext Post\n{t}",
            "الخبر السابق: {t}",
        ),
        "unseen": (
            "تصفح المقالات\n{t}",
            "الصفحة التالية\n{t}",
            "← السابق\n{t}",
        ),
    },
    "share buttons and counts": {
        "as listed": ("فيسبوك\nتويتر | واتساب", "14 shares", "شارك\nطباعة"),
        "other forms": (
            "شارك الخبر على فيسبوك",
            "مشاركة عبر واتساب",
            "انقر للمشاركة على تويتر (فتح في نافذة جديدة)",
            "12 مشاركة",
            "1,204 مشاهدة",
            "عدد المشاهدات: 310",
            "Share on Facebook",
            "شارك المقال:",
            "٣٢ إعجاباً",
        ),
        "unseen": (
            "انشر الخبر",
            "نسخ رابط المقال",
            "5 ريتويت",
            "مشاركات: 7",
            "Pin it",
        ),
    },
    "invitation": {
        "as listed": ("تابعونا على قناتنا في تلغرام", "جميع الحقوق محفوظة لشبكة السهل"),
        "other forms": (
            "انضم إلى قناتنا على تلغرام",
            "انضموا إلى مجموعتنا على واتساب",
            "للاشتراك في نشرتنا البريدية اضغط هنا",
            "كل الحقوق محفوظة © 2024",
            "Copyright © 2023 Plain Network",
            "Follow us on X",
            "لمتابعة آخر الأخبار حملوا تطبيقنا",
            "سجل في النشرة البريدية",
        ),
        "unseen": (
            "زوروا صفحتنا على فيسبوك",
            "اشترك بالقناة",
            "فعّل الإشعارات",
            "Get our app",
            "الموقع غير مسؤول عن التعليقات",
        ),
    },
    "comment thread": {
        "as listed": ("اترك تعليقاً\n{w}\n{w}", "التعليقات (3)\n{w}\n{w}"),
        "other forms": (
            "3 تعليقات\n{w}\n{w}",
            "اترك رداً إلغاء الرد\nلن يتم نشر عنوان بريدك الإلكتروني",
            "لا توجد تعليقات",
            "شاركنا رأيك\n{w}",
            "تعليقات القراء\n{w}\n{w}",
            "0 Comments",
            "أضف تعليقك على الخبر\n{w}",
            "كن أول من يعلق",
        ),
        "unseen": (
            "٤ ردود\n{w}",
            "التعليقات مفتوحة\n{w}",
            "ناقش الخبر\n{w}",
            "Write a comment…",
        ),
    },
    "reactions and thread": {
        "as listed": ("All reactions:\n12\n3 comments\n{w}\n{w}", "الأكثر ملاءمة\n{w}\n{w}"),
        "other forms": ("كل التفاعلات: ١٢\n{w}\n{w}", "Most relevant is selected\n{w}\n{w}", "View more comments\n{w}"),
        "unseen": (
            "إظهار كل الردود\n{w}",
            "You and 12 others\n{w}",
        ),
    },
    "time stamp or signature": {
        "as listed": ("12:36 PM · Dec 18, 2025", "pic.twitter.com/Ab12Cd"),
        "other forms": ("9:05 AM · 3 مايو 2021", "٩:٠٥ ص · ٣ مايو ٢٠٢١", "منذ 3 ساعات", "3h ago", "14:02 - 12/03/2020"),
        "unseen": (
            "قبل يومين",
            "12/03/2020 14:02",
            "آخر ظهور 5:10 م",
            "Yesterday at 9:40",
        ),
    },
}
FORMS = ("as listed", "other forms", "unseen")
LAST = ("comment thread", "reactions and thread")
"""Kinds that end a page: nothing of the report comes behind them."""


@dataclass(frozen=True)
class Planted:
    """A form with its kind, whether its phrase is listed, and where its lines stand in the text."""

    kind: str
    form: str
    lines: tuple[tuple[int, int], ...]


def fill(form: str, dice: random.Random) -> str:
    """Return a form with headlines, comments and tags drawn by lot."""
    for slot, choices in (("{t}", TITLES), ("{w}", WORDS), ("{g}", TAGS)):
        while slot in form:
            form = form.replace(slot, dice.choice(choices), 1)
    return form


def plant(text: str, dice: random.Random) -> tuple[str, list[Planted]]:
    """Return a text with one kind in front of it and three behind, those that end a page last."""
    behind = sorted(dice.sample(sorted(TAILS), 3), key=LAST.__contains__)
    whole, planted = "", []
    for kind in (dice.choice(sorted(HEADS)), None, *behind):
        if kind is None:
            whole += text.strip("\n") + "\n"
            continue
        sort = dice.choice(FORMS)
        lines = fill(dice.choice((HEADS | TAILS)[kind][sort]), dice).split("\n")
        places = []
        for line in lines:
            places.append((len(whole), len(whole) + len(line)))
            whole += line + "\n"
        planted.append(Planted(kind, sort, tuple(places)))
    return whole, planted


def measure(reports: list[Report], dice: random.Random) -> None:
    """Print recall by kind and form, and precision."""
    lines, found = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    cut_characters = own_characters = 0
    for report in reports:
        text, planted = plant(report.text, dice)
        cut = {at for one in find_cuts(text) for at in range(one.start, one.end) if text[at] != "\n"}
        theirs = {at for one in planted for start, end in one.lines for at in range(start, end)}
        cut_characters, own_characters = cut_characters + len(cut), own_characters + len(cut - theirs)
        for one in planted:
            lines[one.kind, one.form] += len(one.lines)
            found[one.kind, one.form] += sum(cut.issuperset(range(*place)) for place in one.lines)
    for form in FORMS:
        for kind in HEADS | TAILS:
            print(f"{form:12} {kind:26} {share(found[kind, form], lines[kind, form])}")
        every = [sum(counts[kind, form] for kind in HEADS | TAILS) for counts in (found, lines)]
        print(f"{form:12} {'all':26} {share(*every)}")
    right = 1 - own_characters / max(1, cut_characters)
    print(f"precision {right:.4f}: {own_characters:,} of {cut_characters:,} characters cut were not planted")
    touched = sum(bool(find_cuts(report.text)) for report in reports)
    print(f"seed reports of which something is cut with nothing planted: {touched} of {len(reports)}")


def share(part: int, whole: int) -> str:
    """Return a count of lines and its share."""
    return f"{part:5} of {whole:5} lines {part / max(1, whole):.3f}"


def count(path: Path, reports: list[Report]) -> None:
    """Print how many real reports lose how much."""
    cleaned = [clean_report(report) for report in reports]
    shares = [1 - len(after.report.text) / len(before.text) for before, after in zip(reports, cleaned, strict=True)]
    levels = ", ".join(f"{sum(share > most for share in shares)} over {most:.0%}" for most in (0.0, 0.05, 0.2, 0.5))
    print(f"{path.name}: of {len(reports)} reports lose {levels}; spans lost {sum(len(one.lost) for one in cleaned)}")
    print("  " + ", ".join(f"{kind} {n}" for kind, n in Counter(cut.kind for one in cleaned for cut in one.cuts).most_common()))


if __name__ == "__main__":
    taxonomy = read_taxonomy(find_taxonomy("syria"))
    measure(read_reports(SEEDS, taxonomy), random.Random(0))
    for path in map(Path, sys.argv[1:]):
        count(path, read_reports(path, taxonomy))
