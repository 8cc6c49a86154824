"""Who sees what on the board: the door, people with a reach, accounts and tokens, a session that ends."""

from pathlib import Path

import linked_town
from board_page import window
from gatehouse import PASSWORD
from linked_town import Town
from playwright.async_api import Page, expect


def address(town: Town) -> str:
    """Of the board."""
    return f"{str(town.phone.base_url).rstrip('/')}/"


async def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """With the form."""
    await page.get_by_label("用户名").fill(name)
    await page.get_by_label("密码").fill(password)
    await page.get_by_role("button", name="登录").click()


async def test_the_door(tmp_path: Path) -> None:
    """Nobody gets in without a password; a wrong one is told as the API tells it; the right one shows the city."""
    async with linked_town.opened(tmp_path) as town, window(address(town), "wall", is_live=False) as board:
        await log_in(board.page, "zhao", "wrong password that is long")
        await expect(board.page.get_by_role("alert")).to_contain_text("E-ACCESS")
        await log_in(board.page, "zhao")
        await expect(board.page.locator("body")).to_have_attribute("data-connection", "live")
        await expect(board.page.locator(".map")).to_be_visible()
        await board.page.get_by_role("button", name="我的账户").click()
        await board.page.get_by_role("button", name="退出登录").click()
        await expect(board.page.get_by_label("用户名")).to_be_visible()
        board.refused(401)


async def test_a_viewer_looks_and_touches_nothing(tmp_path: Path) -> None:
    """No button that would be refused: neither acknowledging, nor acts on a case, nor switching the mode."""
    async with linked_town.opened(tmp_path) as town, window(address(town), "wall", is_live=False) as board:
        number = await town.lean()
        await log_in(board.page, "wu")
        await expect(board.page.locator("[data-alarm]")).to_have_count(1)
        await expect(board.page.locator(".ack")).to_have_count(0)
        await board.show(f"#/cases/{number}")
        await expect(board.page.locator(".case-top")).to_contain_text("没有您可办理的步骤")
        await board.show("#/typhoon")
        await expect(board.page.locator(".modes tbody tr")).to_have_count(3)
        await expect(board.page.locator(".modes button")).to_have_count(0)
        await expect(board.page.locator(".rail")).not_to_contain_text("用户")
        board.refused(401)


async def test_a_session_that_ends_shows_the_door(tmp_path: Path) -> None:
    """Somebody is sent away: the next thing the page asks for is refused, and the door is shown."""
    async with linked_town.opened(tmp_path) as town, window(address(town), "wall", is_live=False) as board:
        await log_in(board.page, "chen")
        await expect(board.page.locator(".map")).to_be_visible()
        zhao = await town.person("zhao")
        (await zhao.patch("/api/v1/users/chen", json={"is_active": False})).raise_for_status()
        await board.page.evaluate("location.hash = '#/duty'")
        await expect(board.page.get_by_label("用户名")).to_be_visible()
        board.refused(401)


async def test_accounts_and_tokens(tmp_path: Path) -> None:
    """A maintainer adds a person with a reach, ends another's access, and makes a token that is shown once."""
    async with linked_town.opened(tmp_path) as town, window(address(town), "wall", is_live=False) as board:
        page = board.page
        await log_in(page, "zhao")
        await page.locator(".rail").get_by_text("用户").click()
        await page.get_by_role("button", name="新增用户").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("用户名").fill("sun")
        await dialog.get_by_label("密码").fill(PASSWORD)
        await dialog.get_by_label("角色").select_option("operator")
        await dialog.get_by_label("限于哪些区").select_option(["tongan"])
        await dialog.get_by_role("button", name="新增用户").click()
        await expect(page.locator('[data-user="sun"]')).to_contain_text("同安区")
        await page.locator('[data-user="wu"]').get_by_role("button", name="修改").click()
        await dialog.get_by_label("可以登录").uncheck()
        await dialog.get_by_role("button", name="保存").click()
        await expect(page.locator('[data-user="wu"]')).to_contain_text("已停用")
        await page.get_by_role("button", name="新建令牌").click()
        await dialog.get_by_label("程序名").fill("weather")
        await dialog.get_by_role("button", name="新建令牌").click()
        await expect(dialog.locator(".secret")).to_contain_text("egret_")
        await dialog.get_by_role("button", name="关闭").click()
        await expect(page.locator("main")).to_contain_text("weather")
        await expect(page.locator("main")).not_to_contain_text("egret_")
        board.refused(401)


async def test_a_reach_is_taken_off(tmp_path: Path) -> None:
    """With no unit chosen any more somebody sees those of all units, as the form says."""
    async with linked_town.opened(tmp_path) as town, window(address(town), "wall", is_live=False) as board:
        page = board.page
        await log_in(page, "zhao")
        await page.locator(".rail").get_by_text("用户").click()
        row, dialog = page.locator('[data-user="chen"]'), page.get_by_role("dialog")
        await expect(row).to_contain_text("tongan-ads")
        await row.get_by_role("button", name="修改").click()
        await dialog.get_by_label("限于哪些单位").select_option([])
        await dialog.get_by_role("button", name="保存").click()
        await expect(dialog).to_have_count(0)
        await expect(row).not_to_contain_text("tongan-ads")
        board.refused(401)


async def test_another_tab_learns_who_sits_here_now(tmp_path: Path) -> None:
    """At the change of shift one tab logs out and another person in: the other tab is theirs, too."""
    async with linked_town.opened(tmp_path) as town, window(address(town), "wall", is_live=False) as board:
        await town.lean()
        await log_in(board.page, "zhao")
        await expect(board.page.locator(".ack")).to_have_count(1)
        other = await board.context.new_page()
        await other.goto(board.url)
        await expect(other.locator(".ack")).to_have_count(1)
        await board.page.get_by_role("button", name="我的账户").click()
        await board.page.get_by_role("button", name="退出登录").click()
        await log_in(board.page, "wu")
        for page in (board.page, other):
            await expect(page.locator("[data-alarm]")).to_have_count(1)
            await expect(page.locator(".ack")).to_have_count(0)
        board.refused(401)


async def test_nothing_of_whoever_left_is_shown(tmp_path: Path) -> None:
    """Somebody logs out while an alarm sounds: the door is silent, and who comes in next begins with nothing."""
    async with linked_town.opened(tmp_path) as town, window(address(town), "wall", is_live=False) as board:
        await town.lean()
        await log_in(board.page, "zhao")
        await expect(board.page.locator("body")).to_have_attribute("data-sound", "red")
        await board.page.get_by_role("button", name="我的账户").click()
        await board.page.get_by_role("button", name="退出登录").click()
        await expect(board.page.locator("body")).to_have_attribute("data-sound", "")
        await board.page.route("**/state*", lambda route: route.abort())
        await log_in(board.page, "ma")
        await expect(board.page.locator(".map")).to_be_visible()
        await expect(board.page.locator("[data-alarm], [data-case]")).to_have_count(0)
        await expect(board.page.locator("body")).to_have_attribute("data-connection", "stale")
        await board.page.unroute("**/state*")
        await expect(board.page.locator("body")).to_have_attribute("data-connection", "live")
        board.troubles.clear()  # the snapshots that did not come


async def test_a_case_that_is_given_to_others_leaves(tmp_path: Path) -> None:
    """A handler sees the cases of the own unit: one that the command centre gives to another unit is gone at once."""
    async with linked_town.opened(tmp_path) as town, window(address(town), "phone", is_live=False) as board:
        number = await town.lean()
        await log_in(board.page, "chen")
        case = board.page.locator(f'[data-case="{number}"]')
        await expect(case).to_be_visible()
        zhao = await town.person("zhao")
        asked = {"act": "dispatch", "unit": "siming-ads"}
        (await zhao.post(f"/api/v1/cases/{number}/acts", json=asked)).raise_for_status()
        await expect(case).to_have_count(0)
        board.refused(401)
