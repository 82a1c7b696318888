"""What a bot written with discord.py can count on in the sandbox, story by story.

Run by `tests/discordpy/run`; DISCORD_TOKEN, DISCORD_PROXY and the ids are what `talon sandbox --bot none` printed.
"""

import asyncio
import io
import logging
import os
import sys
import traceback

import aiohttp
import discord
import yarl

import ticketbot
from people import Refused, Sandbox

URL = os.environ["DISCORD_PROXY"]
TOKEN = os.environ["DISCORD_TOKEN"]
GUILD = int(os.environ["GUILD_ID"])
PANEL = int(os.environ["TICKET_BUTTON_CHANNEL_ID"])
PATIENCE = 10

discord.http.Route.BASE = f"{URL}/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(URL.replace("http", "ws", 1))

STORIES = []


def story(tell):
    STORIES.append(tell)
    return tell


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


async def refused(call, status, code):
    """Awaits a call that must be refused so."""
    try:
        await call
    except discord.HTTPException as error:
        same((error.status, error.code), (status, code))
        return error
    raise AssertionError("it was not refused")


class Stage:
    """The bot, the people, and the places."""

    def __init__(self, bot, sandbox):
        self.bot, self.sandbox = bot, sandbox

    @property
    def guild(self):
        return self.bot.get_guild(GUILD)

    def channel(self, name):
        return discord.utils.get(self.guild.text_channels, name=name)

    async def heard(self, event, check=lambda *_: True):
        return await self.bot.wait_for(event, check=check, timeout=PATIENCE)


@story
async def it_knows_where_it_is(stage):
    guild = stage.guild
    same((guild.name, guild.me.id, guild.chunked), ("talon", stage.bot.user.id, True))
    same([category.name for category in guild.categories], ["tickets"])
    same(sorted(channel.name for channel in guild.text_channels), ["lounge", "support"])
    same({"Alice", "Bob", "Sue", "Adam", "Olga"} <= {member.display_name for member in guild.members}, True)
    sue = discord.utils.get(guild.members, name="sue")
    same(sue.get_role(ticketbot.SUPPORT).name, "support")
    same(discord.utils.get(guild.members, name="adam").guild_permissions.administrator, True)
    same([member.name async for member in guild.fetch_members() if member.name == "bob"], ["bob"])
    same((await stage.bot.fetch_user(sue.id)).name, "sue")
    same((await stage.bot.application_info()).id, stage.bot.application_id)


@story
async def an_administrator_puts_up_the_panel(stage):
    people = stage.sandbox
    await people.say("alice", "support", "!setuptickets")
    answer = await people.until("she is told", lambda: find(people.said("alice", "support"), "administrators"))
    same((answer["reply_to"] is not None, answer["notified"]), (True, []))
    asked = await people.say("adam", "support", "!setuptickets")
    panel = await people.until("it is there", lambda: find(people.said("bob", "support"), None, "create_ticket_button"))
    same((panel["embeds"][0]["title"], panel["buttons"][0]["emoji"]), ("🎫 Support", "🎫"))
    await people.until("the command is cleared away", lambda: absent(people.said("bob", "support"), asked))


async def find(said, words, button=None):
    for message in await said:
        buttons = [shown["custom_id"] for shown in message["buttons"]]
        if (words is None or words in message["content"]) and (button is None or button in buttons):
            return message
    return None


async def deleted(calls):
    return any(call["ending"] == {"answered": 200} for call in await calls)


async def absent(said, message):
    return all(shown["id"] != message for shown in await said)


@story
async def a_press_opens_one_private_channel(stage):
    people = stage.sandbox
    made = asyncio.create_task(stage.heard("guild_channel_create"))
    first = await people.press("alice", "create_ticket_button")
    same((first["progress"], first["reply"]["ephemeral"]), ("answered", True))
    channel = await made
    same((channel.name, channel.category_id), ("ticket-alice", ticketbot.CATEGORY))
    same(first["reply"]["content"], f"made: {channel.mention}")
    same(channel.overwrites_for(stage.guild.default_role).view_channel, False)
    second = await people.press("alice", "create_ticket_button")
    same(second["reply"]["content"], f"you have one: {channel.mention}")
    for person, sees in [("alice", True), ("bob", False), ("sue", True)]:
        same("ticket-alice" in await people.channels(person), sees)
    welcome = (await people.said("sue", "ticket-alice"))[0]
    names = {stage.guild.get_member(int(user)).name for user in welcome["notified"]}
    same(names, {"alice", "sue"})


@story
async def only_who_may_close_it_closes_it(stage):
    people = stage.sandbox
    await people.press("bob", "create_ticket_button")
    adam = await people.press("adam", "close_ticket_button", channel="ticket-bob")
    same((adam["reply"]["content"], adam["reply"]["ephemeral"]), ("no rights", True))
    gone = asyncio.create_task(stage.heard("guild_channel_delete"))
    bob = await people.press("bob", "close_ticket_button", channel="ticket-bob")
    same((bob["progress"], bob["reply"]), ("answered", None))
    same((await gone).name, "ticket-bob")
    await people.say("alice", "lounge", "!close")
    await people.until("she is told", lambda: find(people.said("alice", "lounge"), "this is no ticket"))
    gone = asyncio.create_task(stage.heard("guild_channel_delete"))
    await people.say("sue", "ticket-alice", "!close")
    await people.until("all are told", lambda: find(people.said("alice", "ticket-alice"), "closing in"))
    same((await gone).name, "ticket-alice")
    await people.until("the call has ended", lambda: deleted(people.calls("DELETE", str(gone.result().id))))


@story
async def a_ticket_survives_a_lost_connection(stage):
    people, resumed = stage.sandbox, asyncio.create_task(stage.heard("resumed"))
    await people.do("gateway", do="refuse")
    await people.do("gateway", do="drop")
    await people.say("alice", "lounge", "!close")
    await people.do("gateway", do="accept")
    await resumed
    await people.until("what was missed is answered", lambda: find(people.said("alice", "lounge"), "no ticket"))
    asked = asyncio.create_task(stage.heard("resumed"))
    await people.do("gateway", do="reconnect")
    await asked


@story
async def a_button_outlives_the_bot(stage):
    await stage.bot.close()
    async with playing(stage.sandbox) as (bot, _):
        stage.bot = bot
        answer = await stage.sandbox.press("bob", "create_ticket_button")
        same("made: <#" in answer["reply"]["content"], True)
        await stage.channel("ticket-bob").delete()


@story
async def messages_are_written_found_changed_and_cleared(stage):
    lounge, people = stage.channel("lounge"), stage.sandbox
    await people.do("say", **{"as": "alice", "channel": "lounge", "text": "one"})
    sent = await lounge.send("two", embed=discord.Embed(title="t"), view=ticketbot.CreateTicket(), nonce="7")
    found = await lounge.fetch_message(sent.id)
    same((found.content, found.embeds[0].title, len(found.components)), ("two", "t", 1))
    changed = await found.edit(content="2", embed=None, view=None)
    same((changed.content, changed.embeds, changed.components, bool(changed.edited_at)), ("2", [], [], True))
    same([message.content async for message in lounge.history(limit=2)], ["2", "one"])
    newer = [message.content async for message in lounge.history(after=discord.Object(sent.id - 1), oldest_first=True)]
    same(newer, ["2"])
    reply = await changed.reply("re", mention_author=False)
    same((reply.reference.message_id, reply.type), (sent.id, discord.MessageType.reply))
    await reply.delete()
    await refused(lounge.fetch_message(reply.id), 404, 10008)
    one = discord.utils.get([message async for message in lounge.history()], content="one")
    await refused(one.edit(content="mine now"), 403, 50005)
    gone = await lounge.purge(limit=100)
    same((len(gone) > 1, await people.said("alice", "lounge")), (True, []))


@story
async def files_are_sent_and_fetched(stage):
    lounge, people = stage.channel("lounge"), stage.sandbox
    embed = discord.Embed(title="a picture").set_image(url="attachment://я.png")
    files = [text_file("log.txt", "all that was said"), discord.File(io.BytesIO(b"png"), "я.png", description="d")]
    sent = await lounge.send("files", files=files, embed=embed)
    same([file.filename for file in sent.attachments], ["log.txt", "я.png"])
    found = await lounge.fetch_message(sent.id)
    same((await found.attachments[0].read(), found.attachments[1].description), (b"all that was said", "d"))
    kept = await found.edit(attachments=[found.attachments[1], text_file("new.txt", "new")])
    same([file.filename for file in kept.attachments], ["я.png", "new.txt"])
    same([file["filename"] for file in (await people.said("bob", "lounge"))[-1]["files"]], ["я.png", "new.txt"])
    await refused((await lounge.send(file=text_file("only.txt", "x"))).edit(attachments=[]), 400, 50006)
    await refused(lounge.send(file=discord.File(io.BytesIO(bytes(10 * 1024 * 1024 + 1)), "big")), 413, 40005)
    await lounge.purge()


def text_file(name, text):
    return discord.File(io.StringIO(text), name)


@story
async def channels_are_changed_and_refused(stage):
    guild = stage.guild
    made = await guild.create_text_channel("A New Place!", topic="t", slowmode_delay=5)
    same((made.name, made.topic, made.slowmode_delay), ("a-new-place", "t", 5))
    made = await made.edit(name="Other", topic="u", category=guild.categories[0], reason="тест")
    same((made.name, made.topic, made.category), ("other", "u", guild.categories[0]))
    same((await stage.bot.fetch_channel(made.id)).topic, "u")
    bob = discord.utils.get(guild.members, name="bob")
    await made.set_permissions(guild.me, view_channel=True, manage_channels=True)
    await made.set_permissions(guild.default_role, view_channel=False)
    same("other" in await stage.sandbox.channels("bob"), False)
    await made.set_permissions(bob, view_channel=True, send_messages=True)
    same("other" in await stage.sandbox.channels("bob"), True)
    await refused(made.set_permissions(bob, ban_members=True), 403, 50013)
    await made.delete()
    await refused(made.send("x"), 404, 10003)
    error = await refused(guild.create_text_channel("x" * 101), 400, 50035)
    same("name: Must be between 1 and 100 in length." in error.text, True)


@story
async def a_slash_command_is_synced_and_used(stage):
    people = stage.sandbox
    stage.bot.tree.copy_global_to(guild=stage.guild)
    same([command.name for command in await stage.bot.tree.sync(guild=stage.guild)], ["ticket"])
    same([command.name for command in await stage.bot.tree.fetch_commands(guild=stage.guild)], ["ticket"])
    sue = discord.utils.get(stage.guild.members, name="sue")
    about, to = {"name": "about", "type": 3, "value": "a bill"}, {"name": "to", "type": 6, "value": str(sue.id)}
    answer = await people.command("alice", "lounge", "ticket", about, to)
    same((answer["reply"]["content"], answer["reply"]["ephemeral"]), ("a bill, to Sue", True))
    answer = await people.command("alice", "lounge", "ticket", about)
    same(answer["reply"]["content"], "a bill, to all")
    for wrong in [[], [about, {"name": "other", "type": 3, "value": "x"}]]:
        same(await cannot(people.command("alice", "lounge", "ticket", *wrong)), True)


@story
async def every_way_to_answer_a_press(stage):
    answers, people, lounge = Answers(), stage.sandbox, stage.channel("lounge")
    await lounge.send("press", view=answers)
    edited = await people.press("alice", "edit")
    same((await people.said("bob", "lounge"))[-1]["content"], "pressed by Alice")
    same(edited["reply"], None)
    later = await people.press("alice", "later")
    same((later["progress"], later["reply"]["thinking"]), ("thinking", True))
    answers.go_on.set()
    await people.until("it is answered", lambda: find(people.said("bob", "lounge"), "here it is"))
    await people.until("and added to", lambda: find(people.said("alice", "lounge"), "and more"))
    same(await find(people.said("bob", "lounge"), "and more"), None)
    await people.until("and taken back", lambda: lacks(people.said("bob", "lounge"), "here it is"))
    same((await people.press("alice", "twice"))["reply"]["content"], "once")
    same(await asyncio.wait_for(answers.refusal, PATIENCE), (400, 40060))


@story
async def a_form_is_opened_filled_in_and_sent(stage):
    people, lounge = stage.sandbox, stage.channel("lounge")
    await lounge.send("forms", view=Forms())
    opened = await people.press("alice", "form")
    same((opened["progress"], opened["form"]["title"]), ("answered", "What is it?"))
    for wrong in [{}, {"about": "x" * 21}]:
        same(await cannot(people.do("submit", {"as": "alice", "values": wrong})), True)
    sent = await people.do("submit", {"as": "alice", "values": {"about": "a bill", "how": ["soon"]}})
    same((sent["reply"]["content"], sent["reply"]["ephemeral"]), ("a bill, soon, None", True))
    same(await cannot(people.do("submit", {"as": "alice", "values": {"about": "again"}})), True)
    await lounge.purge()


async def cannot(deed):
    try:
        await deed
    except Refused:
        return True
    return False


class Form(discord.ui.Modal, title="What is it?"):
    about = discord.ui.TextInput(label="about", custom_id="about", max_length=20)
    how = discord.ui.Label(
        text="how soon",
        component=discord.ui.Select(
            custom_id="how", options=[discord.SelectOption(label=when) for when in ("soon", "later")]
        ),
    )
    more = discord.ui.TextInput(label="more", required=False, style=discord.TextStyle.paragraph)

    async def on_submit(self, interaction):
        words = f"{self.about.value}, {self.how.component.values[0]}, {self.more.value or None}"
        await interaction.response.send_message(words, ephemeral=True)


class Forms(discord.ui.View):
    @discord.ui.button(label="form", custom_id="form")
    async def form(self, interaction, _button):
        await interaction.response.send_modal(Form())


@story
async def menus_offer_what_can_be_picked(stage):
    people, lounge = stage.sandbox, stage.channel("lounge")
    await lounge.send("menus", view=Menus())
    same((await people.press("alice", "colour", values="red,blue"))["reply"]["content"], "red and blue")
    for wrong in ["", "green", "red,red"]:
        same(await cannot(people.press("alice", "colour", values=wrong)), True)
    sue = discord.utils.get(stage.guild.members, name="sue")
    same((await people.press("alice", "whom", values=str(sue.id)))["reply"]["content"], "Sue")
    same((await people.press("alice", "where", values=str(lounge.id)))["reply"]["content"], "lounge")
    await lounge.purge()


class Menus(discord.ui.View):
    colours = [discord.SelectOption(label=colour.title(), value=colour) for colour in ("red", "blue")]

    @discord.ui.select(custom_id="colour", options=colours, max_values=2, placeholder="which?")
    async def colour(self, interaction, menu):
        await interaction.response.send_message(" and ".join(menu.values), ephemeral=True)

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="whom")
    async def whom(self, interaction, menu):
        await interaction.response.send_message(menu.values[0].display_name, ephemeral=True)

    @discord.ui.select(cls=discord.ui.ChannelSelect, custom_id="where", channel_types=[discord.ChannelType.text])
    async def where(self, interaction, menu):
        await interaction.response.send_message(menu.values[0].name, ephemeral=True)


async def lacks(said, words):
    return all(words not in message["content"] for message in await said)


class Answers(discord.ui.View):
    def __init__(self):
        super().__init__()
        self.go_on, self.refusal = asyncio.Event(), asyncio.get_running_loop().create_future()

    @discord.ui.button(label="edit", custom_id="edit")
    async def edit(self, interaction, _button):
        await interaction.response.edit_message(content=f"pressed by {interaction.user.display_name}")

    @discord.ui.button(label="later", custom_id="later")
    async def later(self, interaction, _button):
        await interaction.response.defer(thinking=True)
        await self.go_on.wait()
        await interaction.edit_original_response(content="here it is", attachments=[text_file("a.txt", "a")])
        same((await interaction.original_response()).content, "here it is")
        more = await interaction.followup.send("more", ephemeral=True, wait=True)
        await more.edit(content="and more")
        await interaction.delete_original_response()

    @discord.ui.button(label="twice", custom_id="twice")
    async def twice(self, interaction, _button):
        await interaction.response.send_message("once")
        again = discord.webhook.async_.async_context.get().create_interaction_response(
            interaction.id, interaction.token, session=interaction._session, params=answered_again()
        )
        try:
            await again
        except discord.HTTPException as error:
            self.refusal.set_result((error.status, error.code))


def answered_again():
    return discord.webhook.async_.interaction_message_response_params(type=4, content="twice")


@story
async def people_are_spoken_to_in_private(stage):
    people = stage.sandbox
    alice = discord.utils.get(stage.guild.members, name="alice")
    await alice.send("your ticket is closed", file=text_file("transcript.txt", "all of it"))
    said = (await people.said("alice", "talon"))[0]
    same((said["content"], said["notified"], len(said["files"])), ("your ticket is closed", [str(alice.id)], 1))
    same(await people.said("bob", "talon"), [])
    heard = asyncio.create_task(stage.heard("message", lambda message: message.guild is None and not message.author.bot))
    await people.say("bob", "@bot", "hello?")
    message = await heard
    same((message.author.name, isinstance(message.channel, discord.DMChannel)), ("bob", True))
    await message.reply("yes")
    same((await people.said("bob", "talon"))[-1]["content"], "yes")
    robot = discord.utils.get(stage.guild.members, name="robot")
    await refused(robot.send("psst"), 403, 50007)


@story
async def reactions_are_given_heard_and_cleared(stage):
    people, lounge = stage.sandbox, stage.channel("lounge")
    sent = await lounge.send("react to open a ticket")
    await sent.add_reaction("🎫")
    heard = asyncio.create_task(stage.heard("raw_reaction_add", lambda event: event.user_id != stage.bot.user.id))
    await people.do("react", **{"as": "alice", "message": str(sent.id), "emoji": "🎫"})
    event = await heard
    same((event.emoji.name, event.member.name, event.message_id), ("🎫", "alice", sent.id))
    found = await lounge.fetch_message(sent.id)
    same([(reaction.emoji, reaction.count, reaction.me) for reaction in found.reactions], [("🎫", 2, True)])
    same(sorted([user.name async for user in found.reactions[0].users()]), ["alice", "talon"])
    await found.remove_reaction("🎫", event.member)
    same((await people.said("bob", "lounge"))[-1]["reactions"], [["🎫", [str(stage.bot.user.id)]]])
    await found.clear_reactions()
    same((await people.said("bob", "lounge"))[-1]["reactions"], [])
    await refused(sent.add_reaction("nonsense"), 400, 10014)
    await lounge.purge()


@story
async def what_the_sandbox_does_not_know_it_says(stage):
    lounge = stage.channel("lounge")
    sent = await lounge.send("x")
    for call in [sent.pin(), sent.create_thread(name="t"), lounge.create_webhook(name="w"), stage.guild.invites()]:
        await refused(call, 404, 0)
    unknown = [call["path"] for call in (await stage.sandbox.ask("GET", "calls"))["calls"] if not call["known"]]
    same([path.rsplit("/", 1)[-1] for path in unknown][-3:], ["threads", "webhooks", "invites"])


@story
async def a_client_that_reads_the_headers_meets_no_limit(stage):
    people, lounge = stage.sandbox, stage.channel("lounge")
    await people.do("limits", do="on")
    try:
        for number in range(7):
            await lounge.send(str(number))
    finally:
        await people.do("limits", do="off")
    statuses = [call["ending"].get("answered") for call in await people.calls("POST", f"{lounge.id}/messages")]
    same(statuses[-7:], [200] * 7)


@story
async def limits_and_outages_are_waited_out(stage):
    people, lounge = stage.sandbox, stage.channel("lounge")
    await people.do("faults", calls="POST /channels/*/messages", retry_after="0.3", times="2")
    await lounge.send("patience")
    await people.do("faults", calls="POST /channels/*/messages", status="502", times="1")
    await lounge.send("and again")
    statuses = [call["ending"].get("answered") for call in await people.calls("POST", f"{lounge.id}/messages")]
    same(statuses[-5:], [429, 429, 200, 502, 200])


class playing:
    """A bot in the sandbox, ready, for as long as the block lasts."""

    def __init__(self, sandbox):
        self.bot, self.sandbox = ticketbot.TicketBot(), sandbox
        # There is one server here; two seconds of waiting for more would only be lost.
        self.bot._connection.guild_ready_timeout = 0.1

    async def __aenter__(self):
        await self.bot.login(TOKEN)
        self.task = asyncio.create_task(self.bot.connect())
        ready = asyncio.create_task(self.bot.wait_until_ready())
        done, _ = await asyncio.wait({self.task, ready}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if self.task in done:
            ready.cancel()
            await self.bot.close()
            await self.task
        assert done, "the bot is not ready"
        return self.bot, self.sandbox

    async def __aexit__(self, *_):
        await self.bot.close()
        await asyncio.wait({self.task})


class Complaints(logging.Handler):
    """What discord.py could not make sense of: it says so in its log and goes on."""

    def __init__(self, level):
        super().__init__(level)
        self.records = []

    def emit(self, record):
        self.records.append(record)

    def take(self):
        taken, self.records = self.records, []
        return taken


async def tell(told):
    discord.utils.setup_logging(level=logging.ERROR)
    complaints = Complaints(level=logging.ERROR)
    logging.getLogger("discord").addHandler(complaints)
    passed = 0
    async with aiohttp.ClientSession() as session:
        sandbox = Sandbox(URL, session)
        for tale in told:
            name = tale.__name__.replace("_", " ")
            try:
                async with playing(sandbox) as (bot, _), asyncio.timeout(60):
                    await tale(Stage(bot, sandbox))
                same([record.getMessage() for record in complaints.take()], [])
            except Exception:
                traceback.print_exc()
                print(f"discord.py: {name} ... FAILED", flush=True)
            else:
                passed += 1
                print(f"discord.py: {name} ... ok", flush=True)
    print(f"discord.py: {passed} passed, {len(told) - passed} failed")
    return 0 if told and passed == len(told) else 1


if __name__ == "__main__":
    wanted = [tale for tale in STORIES if all(word in tale.__name__ for word in sys.argv[1:])]
    sys.exit(asyncio.run(tell(wanted)))
