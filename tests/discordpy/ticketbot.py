"""A ticket bot as a stranger writes it with discord.py: views that outlive a restart, a category, a countdown.

Nothing here knows of the sandbox; `stories.py` brings the two together.
"""

import asyncio
import os

import discord
from discord import app_commands
from discord.ext import commands

CATEGORY = int(os.environ["TICKET_CATEGORY_ID"])
SUPPORT = int(os.environ["SUPPORT_ROLE_ID"])
CLOSE_AFTER = float(os.environ.get("CLOSE_AFTER", "5"))


def may_close(member, channel):
    return member.get_role(SUPPORT) is not None or channel.name == f"ticket-{member.name}"


async def close(channel, by):
    await channel.send(f"closing in {CLOSE_AFTER:g} seconds...")
    await asyncio.sleep(CLOSE_AFTER)
    await channel.delete(reason=f"closed by {by}")


class CreateTicket(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(label="create a ticket", emoji="🎫", custom_id="create_ticket_button")
    async def create(self, interaction, _button):
        guild, member = interaction.guild, interaction.user
        category = discord.utils.get(guild.categories, id=CATEGORY)
        open_one = discord.utils.get(category.text_channels, name=f"ticket-{member.name}")
        if open_one is not None:
            await interaction.response.send_message(f"you have one: {open_one.mention}", ephemeral=True)
            return
        overwrites = {
            guild.default_role: discord.PermissionOverwrite(view_channel=False),
            member: discord.PermissionOverwrite(view_channel=True, send_messages=True, attach_files=True),
            guild.get_role(SUPPORT): discord.PermissionOverwrite(view_channel=True, send_messages=True),
            guild.me: discord.PermissionOverwrite(view_channel=True, send_messages=True, manage_channels=True),
        }
        channel = await guild.create_text_channel(
            f"ticket-{member.name}", category=category, overwrites=overwrites, reason=f"ticket of {member}"
        )
        embed = discord.Embed(title="🎫 Ticket", description=f"welcome, {member.mention}", color=0x5865F2)
        embed.add_field(name="what is it about?", value="someone will answer soon", inline=False)
        await channel.send(f"{member.mention} <@&{SUPPORT}>", embed=embed, view=CloseTicket())
        await interaction.response.send_message(f"made: {channel.mention}", ephemeral=True)


class CloseTicket(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(
        label="close", emoji="🔒", style=discord.ButtonStyle.danger, custom_id="close_ticket_button"
    )
    async def close(self, interaction, _button):
        if not may_close(interaction.user, interaction.channel):
            await interaction.response.send_message("no rights", ephemeral=True)
            return
        await interaction.response.defer()
        await close(interaction.channel, interaction.user)


class TicketBot(commands.Bot):
    def __init__(self):
        super().__init__(command_prefix="!", intents=discord.Intents.all())
        self.add_command(closing)
        self.add_command(setuptickets)
        self.tree.add_command(ticket)

    async def setup_hook(self):
        self.add_view(CreateTicket())
        self.add_view(CloseTicket())


@commands.command(name="close")
async def closing(context):
    if context.channel.category_id != CATEGORY:
        await context.reply("this is no ticket", mention_author=False)
    elif not may_close(context.author, context.channel):
        await context.reply("no rights", mention_author=False)
    else:
        await close(context.channel, context.author)


@commands.command()
@commands.has_permissions(administrator=True)
async def setuptickets(context):
    embed = discord.Embed(title="🎫 Support", description="need help? make a ticket!")
    await context.send(embed=embed, view=CreateTicket())
    await context.message.delete()


@setuptickets.error
async def not_allowed(context, _error):
    await context.reply("for administrators only", mention_author=False)


@app_commands.command(description="what the ticket is about")
@app_commands.describe(about="in a few words", to="whom to ask")
async def ticket(interaction, about: str, to: discord.Member = None):
    await interaction.response.defer(ephemeral=True, thinking=True)
    await interaction.followup.send(f"{about}, to {to.display_name if to else 'all'}")
