"""The printable page: what it says, what it keeps out, and what its check code proves."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import approved_site
import msgspec
import pytest
from approved_site import NOW_NS, measured

from cloud.compliance import certificate
from cloud.compliance.compliance import Compliance, assess
from wire.inventory import Contact, Inventory

HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture
def city(tmp_path: Path) -> Inventory:
    """A city with one billboard whose papers are in order."""
    return approved_site.inventory(tmp_path)


def judge(city: Inventory, missing: int = 0) -> Compliance:
    """The billboard's verdict."""
    return assess(approved_site.site(city), city, measured(city, missing=missing), NOW_NS)


class Elements(HTMLParser):
    """Collects the names of all elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)


def test_certificate_says_what_was_found(city: Inventory) -> None:
    """Chinese first, the verdict in words, every requirement with its figures, and until when it holds."""
    page = certificate.page(judge(city))
    assert page.startswith('<!doctype html>\n<html lang="zh-CN">')
    assert "<title>安全预警系统合规证明 XM-TA-0117</title>" in page
    for words in ("有效期至 2027-03-14", "同安区 祥平街道", "演示广告一公司", "WT-0117", "100.00 % (4320/4320"):
        assert words in page
    assert page.count("✓ 符合") == 1 + 6
    assert "2026-11-18 19:06:40 UTC+8" in page


def test_report_of_a_failure_is_no_certificate(city: Inventory) -> None:
    """It is titled a report, says 不符合, and each failed requirement brings what mends it."""
    page = certificate.page(judge(approved_site.with_sensor(city, calibrated=date(2025, 3, 3)), missing=101))
    assert "合规证明" not in page
    assert "✗ 不符合" in page
    assert page.count('class="fix"') == 2
    assert "2 of 6 requirements failed" in page
    assert "97.66 % (4219/4320" in page


def test_demonstration_is_marked_across_the_page(city: Inventory) -> None:
    """An invented site's certificate can not be taken for a real one."""
    mark = '<p class="demonstration">DEMONSTRATION 演示</p>'
    assert mark in certificate.page(judge(replace(city, is_demonstration=True)))
    assert mark not in certificate.page(judge(replace(city, is_demonstration=False)))


def test_page_needs_nothing_but_itself(city: Inventory) -> None:
    """No script, no address to load from, no inline style that the policy would have to allow."""
    page = certificate.page(judge(city))
    elements = Elements(page)
    assert not elements.names & {"script", "link", "img", "iframe", "object", "form", "a"}
    assert not elements.attributes & {"src", "href", "style", "onload", "onclick"}
    assert not re.search(r"https?://|url\(|@import", page)


def test_names_from_a_file_can_not_become_markup(city: Inventory) -> None:
    """Every text of sensors.yaml is escaped wherever it is shown, the document in the page included."""
    contact = Contact(HOSTILE, "0592-000-0101", "", date(2026, 9, 1))
    hostile = approved_site.with_sensor(city, serial=HOSTILE)
    hostile = approved_site.with_site(
        hostile, name=HOSTILE, name_en=HOSTILE, owner=HOSTILE, permit=HOSTILE, street=HOSTILE, contact=contact
    )
    page = certificate.page(judge(replace(hostile, name=HOSTILE)))
    assert "<script" not in page
    assert "script" not in Elements(page).names
    assert page.count("&lt;script&gt;") >= 8


def test_policy_allows_the_style_of_the_page_alone(city: Inventory) -> None:
    """Its hash is that of the one style element, byte for byte."""
    [style] = re.findall(r"<style>(.*?)</style>", certificate.page(judge(city)), re.DOTALL)
    digest = re.search(r"'sha256-([^']+)'", certificate.POLICY)
    assert digest
    assert digest[1] == base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert certificate.POLICY.startswith("default-src 'none';")


def test_check_code_is_of_the_document_in_the_page(city: Inventory) -> None:
    """Anybody can take the document out, hash it and read it; another verdict has another code."""
    judged = judge(city)
    page = certificate.page(judged)
    found = re.search(r'<template id="statement">(.*?)</template>', page, re.DOTALL)
    assert found
    document = unescape(found[1]).encode()
    assert msgspec.json.decode(document, type=Compliance) == judged
    assert hashlib.sha256(document).hexdigest() == certificate.check_code(judged)
    assert f"<code>{certificate.check_code(judged)}</code>" in page
    assert certificate.check_code(judge(city, missing=1)) != certificate.check_code(judged)


def test_sources_stand_once_with_their_requirements(city: Inventory) -> None:
    """The ordinance serves requirements 3 and 6; a reader sees what is law and what is judgement."""
    page = certificate.page(judge(city))
    assert "<p>3, 6: 《厦门经济特区户外广告设施设置管理办法》" in page
    assert "<p>4: judgement" in page
