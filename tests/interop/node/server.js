// SPDX-License-Identifier: BSL-1.0
// Node's http and the ws package as a server for our client; prints "http PORT". Idle connections are closed
// after 300 ms. WebSockets echo: /plain, /shared and /each (compression, with and without what came before);
// /talk sends a message in fragments, pings and closes; /break breaks off.
'use strict';
const http = require('http');
let ws = null;
try { ws = require('ws'); } catch { /* then there are no WebSockets */ }

let accepted = 0;

function events(request, response) {
  const since = Number(request.headers['last-event-id'] || 0);
  if (since >= 7) { response.writeHead(204).end(); return; }
  response.writeHead(200, {'Content-Type': 'text/event-stream'});
  response.write('retry: 20\n: a comment\n\n');
  for (let i = since + 1; i <= Math.min(since + 3, 7); ++i) {
    response.write(`id: ${i}\r\nevent: count\r\ndata: event ${i}\r\ndata: second line\r\n\r\n`);
  }
  if (since === 3) { setTimeout(() => response.destroy(), 20); } else { response.end(); }
}

const server = http.createServer((request, response) => {
  if (request.url === '/hello') {
    response.end('hello from node');
  } else if (request.url === '/accepted') {
    response.end(String(accepted));
  } else if (request.url === '/echo') {
    response.writeHead(200, {Trailer: 'X-Theirs'});
    request.pipe(response, {end: false});
    request.on('end', () => {
      response.addTrailers({'X-Theirs': request.trailers['x-sum'] || 'none'});
      response.end();
    });
  } else if (request.url === '/events') {
    events(request, response);
  } else {
    response.writeHead(404).end();
  }
});
server.keepAliveTimeout = 300;
server.on('connection', () => { ++accepted; });

if (ws !== null) {
  const options = {noServer: true, maxPayload: 8 << 20};
  const handlers = {
    '/plain': new ws.WebSocketServer(options),
    '/shared': new ws.WebSocketServer({...options, perMessageDeflate: {threshold: 0}}),
    '/each': new ws.WebSocketServer({...options, perMessageDeflate:
      {threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true}}),
    '/talk': new ws.WebSocketServer(options),
    '/break': new ws.WebSocketServer(options),
  };
  for (const [path, handler] of Object.entries(handlers)) {
    handler.on('connection', (socket) => {
      if (path === '/talk') {
        for (const [piece, fin] of [['one ', false], ['two ', false], ['three', true]]) { socket.send(piece, {fin}); }
        socket.on('pong', () => socket.close(4001, 'said it all'));
        socket.ping('there?');
      } else if (path === '/break') {
        socket.terminate();
      } else {
        socket.on('message', (data, binary) => socket.send(data, {binary}));
      }
    });
  }
  server.on('upgrade', (request, socket, head) => {
    const handler = handlers[request.url];
    if (!handler) { socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'); return; }
    handler.handleUpgrade(request, socket, head, (made) => handler.emit('connection', made, request));
  });
}

server.listen(0, '127.0.0.1', () => console.log(`http ${server.address().port}`));
