"""A bot that is not talon, in the sandbox: `talon sandbox --bot none`, then `pip install discord.py` and this file.

Be Alice at http://127.0.0.1:8420 and write `ping` in #lounge. DISCORD_TOKEN and DISCORD_PROXY are what talon printed.
"""

import os

import discord
import yarl

sandbox = os.environ.get("DISCORD_PROXY", "http://127.0.0.1:8420")
discord.http.Route.BASE = f"{sandbox}/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sandbox.replace("http", "ws", 1))

bot = discord.Client(intents=discord.Intents(guilds=True, guild_messages=True, message_content=True))


@bot.event
async def on_message(message):
    if message.content == "ping":
        await message.reply("pong")


bot.run(os.environ["DISCORD_TOKEN"])
