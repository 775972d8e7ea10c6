// node node_server.js PORT FOLDER: Node's http serves a folder, with ranges, validators, codings and chunks.
// live/port is the port of the client, live/chunked a text in chunks, live/cut chunks that break off,
// live/gone no answer at all.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const zlib = require('zlib');

const [port, folder] = process.argv.slice(2);
const PACKERS = { gzip: zlib.createGzip, deflate: zlib.createDeflate, br: zlib.createBrotliCompress };

const live = {
  port(request, answer) {
    const text = String(request.socket.remotePort);
    answer.writeHead(200, { 'Content-Length': text.length }).end(text);
  },
  chunked(request, answer) {
    answer.writeHead(200, { 'Content-Type': 'text/plain' });
    fs.createReadStream(path.join(folder, 'text.txt'), { highWaterMark: 1000 }).pipe(answer);
  },
  cut(request, answer) {
    answer.writeHead(200);
    answer.write(Buffer.alloc(100000), () => request.socket.destroy());
  },
  gone(request) {
    request.socket.destroy();
  },
};

function packerFor(request, file) {
  const coding = (request.headers['accept-encoding'] || '').split(',')[0].trim();
  return file.endsWith('.txt') && PACKERS[coding] ? coding : null;
}

function rangeOf(request, size) {
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range || '');
  return match && { start: Number(match[1]), end: match[2] ? Math.min(Number(match[2]), size - 1) : size - 1 };
}

function serveFile(request, answer, file, { size, mtime }) {
  const headers = { 'Last-Modified': mtime.toUTCString(), ETag: `"${size}-${mtime.getTime()}"` };
  const since = request.headers['if-modified-since'];
  if (request.headers['if-none-match'] === headers.ETag || since === headers['Last-Modified']) {
    return answer.writeHead(304, headers).end();
  }
  const coding = packerFor(request, file);
  if (coding) {
    answer.writeHead(200, { ...headers, 'Content-Encoding': coding });
    return fs.createReadStream(file).pipe(PACKERS[coding]()).pipe(answer);
  }
  const condition = request.headers['if-range'];
  const range = condition && condition !== headers.ETag ? null : rangeOf(request, size);
  if (range && range.start >= size) {
    return answer.writeHead(416, { 'Content-Range': `bytes */${size}`, 'Content-Length': 0 }).end();
  }
  const { start, end } = range || { start: 0, end: size - 1 };
  headers['Content-Length'] = end - start + 1;
  if (range) headers['Content-Range'] = `bytes ${start}-${end}/${size}`;
  answer.writeHead(range ? 206 : 200, headers);
  if (request.method === 'HEAD') return answer.end();
  const body = fs.createReadStream(file, { start, end });
  body.on('end', () => body.bytesRead < end - start + 1 && request.socket.destroy());
  return body.pipe(answer);
}

http.createServer((request, answer) => {
  const [, place, name] = request.url.split('/');
  if (place === 'live' && live[name]) return live[name](request, answer);
  const file = path.join(folder, path.basename(request.url));
  return fs.stat(file, (error, stat) => {
    if (error || !stat.isFile()) return answer.writeHead(404, { 'Content-Length': 0 }).end();
    return serveFile(request, answer, file, stat);
  });
}).listen(Number(port), '127.0.0.1');
