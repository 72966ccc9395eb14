// Plain Node in the place of an engine: tries what a program could that has broken out of its isolate, and tells on fd 3
// what it achieved. Arguments: addon (unused), TCP port, paths of unix sockets, comma-separated files to read, process of
// another engine to be ended.
const fs = require('node:fs')
const [, , , port, sockets, files, neighbour] = process.argv
const [socketPath, abstractPath] = sockets.split(',').map((path) => path.replace(/^@/, '\0'))
const tried = (deed) => { try { const got = deed(); return got === undefined ? 'done' : got } catch (error) { return error.code ?? error.message } }

const report = {
  environment: Object.keys(process.env),
  read: Object.fromEntries(files.split(',').map((file) => [file, tried(() => { fs.readFileSync(file); return 'read' })])),
  root: tried(() => fs.readdirSync('/')),
  written: [__dirname, '/', '/tmp', '/dev', '/usr/lib', '/lib'].filter((folder) => tried(() => fs.writeFileSync(folder + '/gatehouse-was-here', 'x')) === 'done'),
  parentEnvironment: tried(() => { fs.readFileSync(`/proc/${process.ppid}/environ`); return 'read' }),
  signal: tried(() => { process.kill(process.ppid, 0); return 'may' }),
  neighbour: Object.fromEntries(['SIGSTOP', 'SIGKILL', 0].map((signal) => [signal, neighbour ? tried(() => { process.kill(Number(neighbour), signal); return 'may' }) : 'none'])),
  neighbourMemory: tried(() => { fs.readFileSync(`/proc/${neighbour}/mem`); return 'read' }),
  // What the node left open in it: the pipe on 3 is its own, whatever Node opens for itself is nameless.
  inherited: [...Array(64).keys()].slice(4).flatMap((fd) => tried(() => { const s = fs.fstatSync(fd); return s.isFile() || s.isDirectory() ? 'file' : 'other' }) === 'file' ? [fd] : []),
  groups: tried(() => process.setgroups([1])),
  user: tried(() => process.getuid()),
  program: tried(() => { const r = require('node:child_process').spawnSync('/usr/bin/setpriv', ['--dump'], { encoding: 'utf8' }); return r.error ? r.error.code : r.stdout }),
  worker: tried(() => { new (require('node:worker_threads').Worker)('1', { eval: true }).unref(); return 'may' }),
}

const net = require('node:net')
const connect = (options) => new Promise((resolve) => {
  let socket
  try { socket = net.connect(options) } catch (error) { return resolve(error.code) }
  socket.once('connect', () => resolve('connected'))
  socket.once('error', (error) => resolve(error.code))
  setTimeout(() => resolve('no answer'), 1000).unref()
})

Promise.all([connect({ host: '127.0.0.1', port: Number(port) }), connect({ path: socketPath }), connect({ path: abstractPath }), connect({ host: '::1', port: Number(port) }), connect({ host: '169.254.169.254', port: 80 }), connect({ host: '1.1.1.1', port: 53 })])
  .then(([tcp, unix, abstract, tcp6, metadata, outside]) => {
    fs.writeSync(3, JSON.stringify({ ...report, tcp, unix, abstract, tcp6, metadata, outside }))
    process.exit(0)
  })
