// An engine process that has been taken over: behaves until it gets a job, then does what its argument says.
const fs = require('node:fs')
const frame = (head, body = '') => {
  const h = Buffer.from(typeof head === 'string' ? head : JSON.stringify(head)), b = Buffer.from(body), l = Buffer.alloc(8)
  l.writeUInt32LE(4 + h.length + b.length, 0)
  l.writeUInt32LE(h.length, 4)
  return Buffer.concat([l, h, b])
}
const write = (bytes) => { for (let at = 0; at < bytes.length; ) at += fs.writeSync(3, bytes, at) }
const lengths = (total, head) => { const l = Buffer.alloc(8); l.writeUInt32LE(total, 0); l.writeUInt32LE(head, 4); return l }
const hang = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
const call = (id, body = '{}', run = 1, t = 'call') => frame({ t, run, id, name: 'host' }, body)
const end = frame({ t: 'end', run: 1, ending: { kind: 'silent' }, logsCut: false, cpuMs: 1 })

const deeds = {
  junk: () => write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
  zeros: () => write(Buffer.alloc(100)),
  oversized: () => { write(lengths(0x7fffffff, 20)); for (;;) write(Buffer.alloc(65536)) },
  'head-too-long': () => write(lengths(1000, 2000)),
  'bad-json': () => write(frame('{"t":')),
  'no-object': () => write(frame('null')),
  'deep-arguments': () => write(call(1, '['.repeat(5000) + ']'.repeat(5000))),
  'bad-arguments': () => write(call(1, '{"a":')),
  'other-run': () => write(call(1, '{}', 2)),
  'forged-answers': () => { for (let run = 2; run < 40; run++) { write(frame({ t: 'end', run, ending: { kind: 'answered' } }, '{"success":true,"value":"forged"}')); write(call(1, '{"deed":"forged"}', run)) } },
  'no-such-frame': () => write(frame({ t: 'please', run: 1 })),
  'two-blocking': () => { write(call(1)); write(call(2)) },
  'same-call-twice': () => { write(call(1, '{}', 1, 'start')); write(call(1, '{}', 1, 'start')) },
  'many-started': () => { for (let i = 1; i < 5000; i++) write(call(i, '{}', 1, 'start')) },
  'ready-flood': () => { for (;;) write(frame({ t: 'ready' })) },
  'log-flood': () => { for (;;) write(frame({ t: 'log', run: 1, level: 'info' }, 'x'.repeat(1000))) },
  'empty-log-flood': () => { for (;;) write(frame({ t: 'log', run: 1, level: 'info' })) },
  'odd-ending': () => write(frame({ t: 'end', run: 1, ending: { kind: 'granted' } })),
  'answer-too-long': () => write(frame({ t: 'end', run: 1, ending: { kind: 'answered' } }, JSON.stringify({ success: true, value: 'x'.repeat(200000) }))),
  'idle-without-end': () => write(frame({ t: 'idle', run: 1 })),
  'checked-unasked': () => write(frame({ t: 'checked', id: 1 })),
  leaves: () => process.exit(0),
  'call-after-end': () => { write(end); write(call(1)) },
  'end-twice': () => { write(end); write(frame({ t: 'end', run: 1, ending: { kind: 'answered' } }, '{"success":true,"value":1}')) },
  'never-idle': () => write(end),
  'half-a-frame': () => write(lengths(50, 20)),
}

write(frame({ t: 'ready' }))
const buffer = Buffer.alloc(65536)
let seen = ''
while (!seen.includes('"t":"run"')) seen += buffer.toString('latin1', 0, fs.readSync(3, buffer))
try { deeds[process.argv[2]]() } catch {}
hang()
