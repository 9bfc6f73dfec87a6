# SPDX-License-Identifier: BSL-1.0
"""Python's websockets as a server: `websocket_server.py plain|shared|each`, which is how it compresses; prints
"http PORT". /talk sends a message in fragments, pings and closes; /break breaks off; else it echoes."""
import asyncio
import sys

import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory as Deflate

EXTENSIONS = {
    "plain": [],
    "shared": [Deflate()],
    "each": [Deflate(server_no_context_takeover=True, client_no_context_takeover=True)],
}


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
    async with websockets.serve(talk, "127.0.0.1", 0, max_size=8 << 20, subprotocols=["echo"], compression=None,
                                extensions=EXTENSIONS[sys.argv[1]], ping_interval=0.2) as server:
        print("http", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main())
