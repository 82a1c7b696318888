"""The people of the sandbox, moved through what it serves under /sandbox."""

import asyncio

import aiohttp

PATIENCE = 10


class Sandbox:
    def __init__(self, url, session):
        self.url, self.session = url, session

    async def ask(self, method, what, body=None, **query):
        async with self.session.request(method, f"{self.url}/sandbox/{what}", params=query, json=body) as answer:
            known = answer.content_type == "application/json"
            told = await answer.json() if known else None
            if answer.status >= 400:
                raise Refused(f"{what} {query}: {told}")
            return told

    async def do(self, what, body=None, **query):
        return await self.ask("POST", what, body, **query)

    async def channels(self, person):
        """What a person sees, by the channel's name."""
        seen = await self.ask("GET", "view", **{"as": person})
        return {channel["name"]: channel for channel in seen["channels"]}

    async def said(self, person, channel):
        """The messages a person sees in a channel, oldest first."""
        return (await self.channels(person)).get(channel, {"messages": []})["messages"]

    async def say(self, person, channel, text):
        return (await self.do("say", **{"as": person, "channel": channel, "text": text}))["message"]

    async def press(self, person, button, **query):
        """Presses a button, and gives what comes of it."""
        return await self.do("press", **{"as": person, "button": button, **query})

    async def command(self, person, channel, name, *options):
        body = {"as": person, "channel": channel, "name": name, "options": list(options)}
        return await self.do("command", body)

    async def calls(self, method, ending):
        """What the bot asked, and how it was answered."""
        calls = (await self.ask("GET", "calls"))["calls"]
        return [call for call in calls if call["method"] == method and call["path"].endswith(ending)]

    async def until(self, what, look):
        """Looks again at each change until `look` finds something."""
        async with self.session.get(f"{self.url}/sandbox/live", timeout=aiohttp.ClientTimeout(None)) as live:
            try:
                async with asyncio.timeout(PATIENCE):
                    async for _ in live.content:
                        if found := await look():
                            return found
            except TimeoutError:
                raise AssertionError(f"waited in vain until {what}") from None


class Refused(Exception):
    """The person could not do that."""
