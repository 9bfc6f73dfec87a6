# SPDX-License-Identifier: BSL-1.0
"""Python's websockets as a server; prints "http PORT". What a path asks for: see node/server.js."""
import asyncio

import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory as Deflate


async def talk(ws):
    if ws.path == "/talk":
        await ws.send(["one ", "two ", "three"])
        await (await ws.ping())
        await ws.close(4001, "said it all")
    elif ws.path == "/break":
        ws.transport.abort()
    else:
        async for message in ws:
            await ws.send(message)


async def main():
    both = [Deflate(compress_settings={"memLevel": 5})]
    alone = [Deflate(server_no_context_takeover=True, client_no_context_takeover=True)]

    class Choosing(websockets.WebSocketServerProtocol):
        async def process_request(self, path, headers):
            self.available_extensions = {"/shared": both, "/each": alone}.get(path, [])

    # The extensions given here only switch them on; each path has its own.
    async with websockets.serve(talk, "127.0.0.1", 0, max_size=8 << 20, subprotocols=["echo"], extensions=both,
                                compression=None, create_protocol=Choosing, ping_interval=0.2) as server:
        print("http", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main())
