// SPDX-License-Identifier: BSL-1.0
// A collector of traces that takes nothing but what OpenTelemetry's own definitions know: those that its
// packages for JavaScript are generated from. `node collector.js` prints "http PORT", and a line for each
// request: "spans N NAME,NAME,..." or "bad WHY". Answers as a collector does; to /reject it says that it
// rejects one span.
//
// How it works: the request is put into the generated messages, encoded as protobuf, decoded and written as
// JSON again. What they do not know, or know by another type, does not come back as it was.
'use strict';
const assert = require('assert');
const http = require('http');
const path = require('path');
const zlib = require('zlib');
const directory = path.dirname(require.resolve('@opentelemetry/otlp-transformer/package.json'));
const root = require(path.join(directory, 'build/src/generated/root'));
const {ExportTraceServiceRequest, ExportTraceServiceResponse} = root.opentelemetry.proto.collector.trace.v1;

// Ids are hexadecimal here, and base64 in protobuf's own JSON (the one thing that the protocol bends).
const ids = {traceId: 16, spanId: 8, parentSpanId: 8};

function map(value, key, leaf) {
  if (Array.isArray(value)) { return value.map((each) => map(each, key, leaf)); }
  if (value !== null && typeof value === 'object' && !Buffer.isBuffer(value) && !(value instanceof Uint8Array)) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, map(v, k, leaf)]));
  }
  return leaf(value, key);
}

function toBytes(value, key) {
  if (!(key in ids)) { return value; }
  assert.match(value, new RegExp(`^[0-9a-f]{${2 * ids[key]}}$`), `${key} is ${value}`);
  return Buffer.from(value, 'hex');
}

function toText(value, key) {
  if (key in ids) { return Buffer.from(value).toString('hex'); }
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function check(text) {
  const sent = JSON.parse(text);
  const message = ExportTraceServiceRequest.fromObject(map(sent, '', toBytes));
  const wrong = ExportTraceServiceRequest.verify(message);
  assert.strictEqual(wrong, null, wrong);
  const decoded = ExportTraceServiceRequest.decode(ExportTraceServiceRequest.encode(message).finish());
  const again = map(ExportTraceServiceRequest.toObject(decoded, {longs: String}), '', toText);
  assert.deepStrictEqual(again, sent);
  for (const {scopeSpans} of decoded.resourceSpans) {
    for (const {spans} of scopeSpans) {
      for (const {startTimeUnixNano, endTimeUnixNano} of spans) {
        assert(BigInt(String(startTimeUnixNano)) <= BigInt(String(endTimeUnixNano)), 'it ends before it begins');
      }
    }
  }
  return decoded.resourceSpans.flatMap((r) => r.scopeSpans).flatMap((s) => s.spans).map((s) => s.name);
}

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    try {
      assert.strictEqual(request.method, 'POST');
      assert.strictEqual(request.headers['content-type'], 'application/json');
      const gzip = request.headers['content-encoding'] === 'gzip';
      const names = check((gzip ? zlib.gunzipSync(body) : body).toString());
      console.log(`spans ${names.length} ${names.join()}`);
      const said = request.url === '/reject' ?
        {partialSuccess: {rejectedSpans: 1, errorMessage: 'one is too old'}} : {};
      const answer = ExportTraceServiceResponse.fromObject(said);
      response.writeHead(200, {'Content-Type': 'application/json'});
      response.end(JSON.stringify(ExportTraceServiceResponse.toObject(answer, {longs: String})));
    } catch (e) {
      console.log(`bad ${e.message}`);
      response.writeHead(400, {'Content-Type': 'application/json'});
      response.end(JSON.stringify({code: 3, message: e.message}));
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http ${server.address().port}`));
