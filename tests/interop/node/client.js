// SPDX-License-Identifier: BSL-1.0
// Node's http and the ws package against our server: `node client.js PORT TLS-PORT CA`. Says "ok NAME" or
// "not ok NAME: WHY" for each case.
'use strict';
const assert = require('assert');
const fs = require('fs');
const http = require('http');
const https = require('https');
const [port, tlsPort, ca] = [process.argv[2], process.argv[3], fs.readFileSync(process.argv[4])];
let WebSocket = null;
try { WebSocket = require('ws'); } catch { /* said below */ }

const cases = {};
const agent = new http.Agent({keepAlive: true, maxSockets: 1});

function ask(options, body, use = http) {
  return new Promise((resolve, reject) => {
    const request = use.request({host: '127.0.0.1', port, agent, ...options}, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve({response, request, text: Buffer.concat(pieces).toString()}));
      response.on('error', reject);
    });
    request.on('error', reject);
    if (typeof body === 'function') { body(request); } else { request.end(body); }
  });
}

cases['node keeps a connection'] = async () => {
  const sockets = new Set();
  for (let i = 0; i < 20; ++i) {
    const {request, text} = await ask({path: `/inspect?${i}`, method: 'POST'}, 'body');
    assert.strictEqual(JSON.parse(text).target, `/inspect?${i}`);
    sockets.add(request.socket);
  }
  assert.strictEqual(sockets.size, 1);
};

cases['node sends chunks and trailers'] = async () => {
  const {text} = await ask({path: '/take', method: 'PUT', headers: {Trailer: 'X-Sum'}}, (request) => {
    for (let i = 0; i < 100; ++i) { request.write('0123456789'.repeat(100)); }
    request.addTrailers({'X-Sum': '7'});
    request.end();
  });
  const got = JSON.parse(text);
  assert.deepStrictEqual([got.size, got.announced, got.trailers], [100000, -1, ['X-Sum: 7']]);
};

cases['node sees our chunks and trailers'] = async () => {
  const {response, text} = await ask({path: '/drip'});
  assert.strictEqual(text, [0, 1, 2, 3, 4].map((i) => `piece ${i}\n`).join(''));
  assert.deepStrictEqual(response.trailers, {'x-pieces': '5'});
};

cases['node waits for 100 Continue'] = async () => {
  let continued = false;
  const {text} = await ask({path: '/take', method: 'POST', headers: {Expect: '100-continue'}}, (request) => {
    request.on('continue', () => { continued = true; request.end('x'.repeat(100000)); });
    request.flushHeaders();
  });
  assert.ok(continued);
  assert.strictEqual(JSON.parse(text).size, 100000);
};

cases['node reads events and comes again'] = async () => {
  let last = '';
  let connections = 0;
  const ids = [];
  for (;;) {
    const {response, text} = await ask({path: '/events', headers: last ? {'Last-Event-ID': last} : {}});
    if (response.statusCode === 204) { break; }
    ++connections;
    for (const [, id] of text.matchAll(/^id: (.*)$/mg)) { ids.push(id); last = id; }
  }
  assert.deepStrictEqual([connections, ids.join(' ')], [4, '1 2 3 4 5 6 7 8 9 10']);
};

cases['node verifies our certificate'] = async () => {
  const own = new https.Agent({keepAlive: true, ca});
  const options = {host: 'localhost', port: tlsPort, agent: own, path: '/hello'};
  assert.strictEqual((await ask(options, undefined, https)).text, 'hello\n');
  assert.strictEqual((await ask(options, undefined, https)).text, 'hello\n');
  own.destroy();
};

if (typeof fetch === 'function') {
  cases['fetch decodes, redirects and streams'] = async () => {
    const base = `http://127.0.0.1:${port}`;
    const packed = await fetch(base + '/compressed/text');
    assert.strictEqual(packed.headers.get('content-encoding'), 'gzip');
    assert.strictEqual((await packed.text()).length, 100001);
    assert.strictEqual(await (await fetch(base + '/redirect/302/redirect/308/hello')).text(), 'hello\n');
    const sent = await fetch(base + '/redirect/307/inspect', {method: 'POST', body: 'twice'});
    assert.strictEqual((await sent.json()).body, 'twice');
    const form = new FormData();
    form.set('a"b', 'c\nd');
    form.set('f', new Blob(['x'.repeat(2000000)], {type: 'text/x-test'}), 'dir/we"ird ü.txt');
    const parts = await (await fetch(base + '/parts', {method: 'POST', body: form})).json();
    assert.deepStrictEqual(parts.map((p) => [p.name, p.file ?? null, p.size, p.type]), [
      ['a"b', null, 4, 'text/plain'], ['f', 'we"ird ü.txt', 2000000, 'text/x-test']]);
    assert.strictEqual(parts[0].text, 'c\r\nd');
    let size = 0;
    for await (const piece of (await fetch(base + '/letters/3000000')).body) { size += piece.length; }
    assert.strictEqual(size, 3000000);
  };
}

function closed(ws) {
  return new Promise((resolve) => ws.on('close', (code, reason) => resolve([code, reason.toString()])));
}

function opened(ws) {
  return new Promise((resolve, reject) => { ws.on('open', resolve); ws.on('error', reject); });
}

function next(ws) {
  return new Promise((resolve, reject) => {
    ws.once('message', (data, binary) => resolve(binary ? data : data.toString()));
    ws.once('close', (code) => reject(new Error(`closed: ${code}`)));
  });
}

async function exchange(ws) {
  for (const message of ['', 'hello', 'grüße \u{1f600}', 'x'.repeat(125), 'x'.repeat(126), 'y'.repeat(65535),
    'z'.repeat(65536), 'ab'.repeat(524288), Buffer.alloc(0), Buffer.from([0, 255, 1]),
    Buffer.alloc(1 << 20, 'random\u0000')]) {
    const answer = next(ws);
    ws.send(message);
    assert.ok(Buffer.from(await answer).equals(Buffer.from(message)), `${message.length} came back`);
  }
  const whole = next(ws);
  for (const [piece, fin] of [['in ', false], ['three ', false], ['frames', true]]) { ws.send(piece, {fin}); }
  assert.strictEqual(await whole, 'in three frames');
  for (let i = 0; i < 20; ++i) {
    const answer = next(ws);
    ws.send(`the same ${i} again and again `.repeat(50));
    assert.strictEqual(await answer, `the same ${i} again and again `.repeat(50));
  }
  const pong = new Promise((resolve) => ws.once('pong', (data) => resolve(data.toString())));
  ws.ping('there?');
  assert.strictEqual(await pong, 'there?');
}

const connect = (path, options) => new WebSocket(`ws://127.0.0.1:${port}${path}`, ['echo'], options);

if (WebSocket !== null) {
  const off = {serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0};
  for (const [name, path, deflate] of [
    ['plain', '/ws', false], ['each message compressed', '/ws/each', {threshold: 0}],
    ['compressed with what came before', '/ws/shared', {threshold: 0}],
    ['compressed without takeover', '/ws/shared', off], ['compressed in small windows', '/ws/shared',
      {serverMaxWindowBits: 9, clientMaxWindowBits: 10, threshold: 0}]]) {
    cases[`ws talks, ${name}`] = async () => {
      const ws = connect(path, {perMessageDeflate: deflate});
      await opened(ws);
      assert.strictEqual(ws.extensions.includes('permessage-deflate'), deflate !== false);
      assert.strictEqual(ws.protocol, 'echo');
      await exchange(ws);
      const end = closed(ws);
      ws.close(4000, 'enough');
      assert.strictEqual((await end)[0], 4000);
    };
  }
  cases['ws hears our close'] = async () => {
    const ws = connect('/ws/talk');
    let pings = 0;
    ws.on('ping', () => { ++pings; });
    const end = closed(ws);
    assert.strictEqual(await next(ws), 'one two three');
    assert.deepStrictEqual(await end, [4001, 'said it all']);
    assert.strictEqual(pings > 0, true);
  };
  cases['ws is told of what it may not send'] = async () => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/ws/small`);
    await opened(ws);
    const end = closed(ws);
    ws.send('x'.repeat(1001));
    assert.strictEqual((await end)[0], 1009);
    const text = connect('/ws');
    await opened(text);
    const told = closed(text);
    text.send(Buffer.from([0xff, 0xfe]), {binary: false});
    assert.strictEqual((await told)[0], 1007);
  };
  cases['ws is refused with a status'] = async () => {
    const ws = connect('/hello');
    const status = await new Promise((resolve) => ws.on('unexpected-response', (_, r) => resolve(r.statusCode)));
    assert.strictEqual(status, 200);
    ws.on('error', () => {});
    ws.terminate();
  };
  cases['ws breaks off without a word'] = async () => {
    const ws = connect('/ws');
    await opened(ws);
    ws.send('x'.repeat(1 << 20));
    ws.terminate();
  };
}

(async () => {

  for (const [name, run] of Object.entries(cases)) {
    let timer;
    const limit = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('took too long')), 15000); });
    try {
      await Promise.race([run(), limit]);
      console.log(`ok ${name}`);
    } catch (e) {

      console.log(`not ok ${name}: ${String(e.stack).replace(/\n/g, ' | ').slice(0, 1500)}`);
    }
    clearTimeout(timer);
  }
  agent.destroy();
  process.exit(0);
})();
