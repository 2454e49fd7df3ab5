"""How numbers, amounts and dates are written in a locale: separators, symbols, names of months and days.

Taken from the Unicode Common Locale Data Repository (CLDR, Unicode License v3); the tests compare every form with
Babel, which carries it.
"""

# ruff: noqa: RUF001 -- Turkish has a dotless i

from __future__ import annotations

from typing import Literal, get_args

import attrs

LocaleName = Literal[
    "de", "en-GB", "en-IN", "en-US", "es", "fr", "hi", "it", "ja", "ko", "nl", "pl", "pt-BR", "tr", "zh"
]
NAMES: tuple[LocaleName, ...] = get_args(LocaleName)
NO_BREAK = "\u00a0"
NARROW = "\u202f"


@attrs.frozen(kw_only=True)
class Locale:
    """The written forms of one locale.

    ``amount`` shows where the number (``#``), the symbol of the currency (``¤``) and a minus sign stand. ``groups``
    are the sizes of digit groups from the right, the last one repeated; a number of at most ``plain`` digits has
    none. ``months`` and ``days`` (Monday first) are those inside a date, where Slavic months are genitives.
    ``dates`` are formats of ``values.date`` by the name of their length.
    """

    decimal: str = ","
    group: str = "."
    groups: tuple[int, ...] = (3,)
    plain: int = 3
    amount: str = f"-#{NO_BREAK}¤"
    currency: str = "EUR"
    symbol: str = "€"
    months: tuple[str, ...]
    days: tuple[str, ...]
    short_months: tuple[str, ...]
    short_days: tuple[str, ...]
    dates: dict[str, str]


def _dates(short: str, long: str, full: str) -> dict[str, str]:
    return {"short": short, "long": long, "full": full}


_ENGLISH = Locale(
    decimal=".",
    group=",",
    amount="-¤#",
    currency="USD",
    symbol="$",
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    short_months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    short_days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    dates=_dates("%-m/%-d/%y", "%B %-d, %Y", "%A, %B %-d, %Y"),
)
_BRITISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec")

LOCALES: dict[str, Locale] = {
    "en-US": _ENGLISH,
    "en-GB": attrs.evolve(
        _ENGLISH,
        currency="GBP",
        symbol="£",
        short_months=_BRITISH_MONTHS,
        dates=_dates("%d/%m/%Y", "%-d %B %Y", "%A, %-d %B %Y"),
    ),
    "en-IN": attrs.evolve(
        _ENGLISH,
        groups=(3, 2),
        currency="INR",
        symbol="₹",
        short_months=_BRITISH_MONTHS,
        dates=_dates("%d/%m/%y", "%-d %B %Y", "%A, %-d %B %Y"),
    ),
    "de": Locale(
        months=(
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ),
        days=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        short_months=("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
        short_days=("Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."),
        dates=_dates("%d.%m.%y", "%-d. %B %Y", "%A, %-d. %B %Y"),
    ),
    "es": Locale(
        plain=4,
        months=(
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ),
        days=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
        short_months=("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"),
        short_days=("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
        dates=_dates("%-d/%-m/%y", "%-d de %B de %Y", "%A, %-d de %B de %Y"),
    ),
    "fr": Locale(
        group=NARROW,
        months=(
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ),
        days=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        short_months=(
            "janv.",
            "févr.",
            "mars",
            "avr.",
            "mai",
            "juin",
            "juil.",
            "août",
            "sept.",
            "oct.",
            "nov.",
            "déc.",
        ),
        short_days=("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
        dates=_dates("%d/%m/%Y", "%-d %B %Y", "%A %-d %B %Y"),
    ),
    "hi": Locale(
        decimal=".",
        group=",",
        amount="-¤#",
        groups=(3, 2),
        currency="INR",
        symbol="₹",
        months=("जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"),
        days=("सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार"),
        short_months=("जन॰", "फ़र॰", "मार्च", "अप्रैल", "मई", "जून", "जुल॰", "अग॰", "सित॰", "अक्टू॰", "नव॰", "दिस॰"),
        short_days=("सोम", "मंगल", "बुध", "गुरु", "शुक्र", "शनि", "रवि"),
        dates=_dates("%-d/%-m/%y", "%-d %B %Y", "%A, %-d %B %Y"),
    ),
    "it": Locale(
        months=(
            "gennaio",
            "febbraio",
            "marzo",
            "aprile",
            "maggio",
            "giugno",
            "luglio",
            "agosto",
            "settembre",
            "ottobre",
            "novembre",
            "dicembre",
        ),
        days=("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
        short_months=("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"),
        short_days=("lun", "mar", "mer", "gio", "ven", "sab", "dom"),
        dates=_dates("%d/%m/%y", "%-d %B %Y", "%A %-d %B %Y"),
    ),
    "ja": Locale(
        decimal=".",
        group=",",
        amount="-¤#",
        currency="JPY",
        symbol="￥",
        months=("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
        days=("月曜日", "火曜日", "水曜日", "木曜日", "金曜日", "土曜日", "日曜日"),
        short_months=("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
        short_days=("月", "火", "水", "木", "金", "土", "日"),
        dates=_dates("%Y/%m/%d", "%Y年%-m月%-d日", "%Y年%-m月%-d日%A"),
    ),
    "ko": Locale(
        decimal=".",
        group=",",
        amount="-¤#",
        currency="KRW",
        symbol="₩",
        months=("1월", "2월", "3월", "4월", "5월", "6월", "7월", "8월", "9월", "10월", "11월", "12월"),
        days=("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"),
        short_months=("1월", "2월", "3월", "4월", "5월", "6월", "7월", "8월", "9월", "10월", "11월", "12월"),
        short_days=("월", "화", "수", "목", "금", "토", "일"),
        dates=_dates("%y. %-m. %-d.", "%Y년 %B %-d일", "%Y년 %B %-d일 %A"),
    ),
    "nl": Locale(
        amount=f"¤{NO_BREAK}-#",
        months=(
            "januari",
            "februari",
            "maart",
            "april",
            "mei",
            "juni",
            "juli",
            "augustus",
            "september",
            "oktober",
            "november",
            "december",
        ),
        days=("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
        short_months=("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"),
        short_days=("ma", "di", "wo", "do", "vr", "za", "zo"),
        dates=_dates("%d-%m-%Y", "%-d %B %Y", "%A %-d %B %Y"),
    ),
    "pl": Locale(
        group=NO_BREAK,
        plain=4,
        currency="PLN",
        symbol="zł",
        months=(
            "stycznia",
            "lutego",
            "marca",
            "kwietnia",
            "maja",
            "czerwca",
            "lipca",
            "sierpnia",
            "września",
            "października",
            "listopada",
            "grudnia",
        ),
        days=("poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota", "niedziela"),
        short_months=("sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"),
        short_days=("pon.", "wt.", "śr.", "czw.", "pt.", "sob.", "niedz."),
        dates=_dates("%-d.%m.%Y", "%-d %B %Y", "%A, %-d %B %Y"),
    ),
    "pt-BR": Locale(
        amount=f"-¤{NO_BREAK}#",
        currency="BRL",
        symbol="R$",
        months=(
            "janeiro",
            "fevereiro",
            "março",
            "abril",
            "maio",
            "junho",
            "julho",
            "agosto",
            "setembro",
            "outubro",
            "novembro",
            "dezembro",
        ),
        days=("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"),
        short_months=("jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."),
        short_days=("seg.", "ter.", "qua.", "qui.", "sex.", "sáb.", "dom."),
        dates=_dates("%d/%m/%Y", "%-d de %B de %Y", "%A, %-d de %B de %Y"),
    ),
    "tr": Locale(
        amount="-¤#",
        currency="TRY",
        symbol="₺",
        months=(
            "Ocak",
            "Şubat",
            "Mart",
            "Nisan",
            "Mayıs",
            "Haziran",
            "Temmuz",
            "Ağustos",
            "Eylül",
            "Ekim",
            "Kasım",
            "Aralık",
        ),
        days=("Pazartesi", "Salı", "Çarşamba", "Perşembe", "Cuma", "Cumartesi", "Pazar"),
        short_months=("Oca", "Şub", "Mar", "Nis", "May", "Haz", "Tem", "Ağu", "Eyl", "Eki", "Kas", "Ara"),
        short_days=("Pzt", "Sal", "Çar", "Per", "Cum", "Cmt", "Paz"),
        dates=_dates("%-d.%m.%Y", "%-d %B %Y", "%-d %B %Y %A"),
    ),
    "zh": Locale(
        decimal=".",
        group=",",
        amount="-¤#",
        currency="CNY",
        symbol="¥",
        months=("一月", "二月", "三月", "四月", "五月", "六月", "七月", "八月", "九月", "十月", "十一月", "十二月"),
        days=("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
        short_months=("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
        short_days=("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
        dates=_dates("%Y/%-m/%-d", "%Y年%-m月%-d日", "%Y年%-m月%-d日%A"),
    ),
}
