// Native code in the place of an engine: asks the kernel directly for what no engine needs, and tells on fd 3 what it was
// answered, by name: "done", or the number of the error. Arguments: addon (unused), process of another engine.
const fs = require('node:fs')
const { dlopen, getInt32 } = require('node:ffi')
const [, , , other] = process.argv
const words = Array(6).fill('uint64')
const { functions } = dlopen(null, {
  syscall: { arguments: ['int64', ...words], return: 'int64' },
  __errno_location: { arguments: [], return: 'pointer' },
})
const errno = functions.__errno_location()
const ask = (number, ...values) => {
  const got = functions.syscall(BigInt(number), ...words.map((_, i) => BigInt(values[i] ?? 0)))
  return got < 0n ? getInt32(errno, 0) : 'done'
}

const x64 = process.arch === 'x64'
const report = {
  socket: ask(x64 ? 41 : 198, 1, 1),
  netlink: ask(x64 ? 41 : 198, 16, 3),
  socketpair: ask(x64 ? 53 : 199, 1, 1, 0, 0),
  unshareUser: ask(x64 ? 272 : 97, 0x10000000),
  unshareFiles: ask(x64 ? 272 : 97, 0x400),
  bpf: ask(x64 ? 321 : 280),
  ioUring: ask(425, 4, 0),
  perfEvents: ask(x64 ? 298 : 241),
  keyring: ask(x64 ? 250 : 219, 0, 0xffffffff),
  userfaultfd: ask(x64 ? 323 : 282, 1),
  memfd: ask(x64 ? 319 : 279, 0),
  // To let go of a process that it does not hold: harmless where it is allowed.
  ptrace: ask(x64 ? 101 : 117, 17, other),
  readOther: ask(x64 ? 310 : 270, other),
  signalOther: ask(x64 ? 62 : 129, other, 0),
  limitOther: ask(x64 ? 302 : 261, other, 7, 0, 0),
  priority: ask(x64 ? 141 : 140, 0, 0, 19),
  personality: ask(x64 ? 135 : 92, 0xffffffff),
  dumpable: ask(x64 ? 157 : 167, 4, 1),
  ioctlOther: ask(x64 ? 16 : 29, 0, 0x5413, 0),
  // Last, since it is another process afterwards where it works: of the two the parent tells.
  process: (() => {
    const child = functions.syscall(x64 ? 56n : 220n, 17n, 0n, 0n, 0n, 0n, 0n)
    if (child === 0n) for (;;) functions.syscall(x64 ? 231n : 94n, 0n, 0n, 0n, 0n, 0n, 0n)
    return child < 0n ? getInt32(errno, 0) : 'done'
  })(),
  x32: x64 ? ask(0x40000000 + 41, 1, 1) : 38,
}
fs.writeSync(3, JSON.stringify(report))
process.kill(process.pid, 'SIGKILL')
