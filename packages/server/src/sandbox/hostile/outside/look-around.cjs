// Plain Node in the place of an engine: tries what a program could that has broken out of its isolate, and tells on fd 3
// what it achieved. Arguments: addon (unused), TCP port, path of a unix socket, comma-separated files to read.
const fs = require('node:fs')
const [, , , port, socketPath, files] = process.argv
const tried = (deed) => { try { const got = deed(); return got === undefined ? 'done' : got } catch (error) { return error.code ?? error.message } }

const report = {
  environment: Object.keys(process.env),
  read: Object.fromEntries(files.split(',').map((file) => [file, tried(() => { fs.readFileSync(file); return 'read' })])),
  root: tried(() => fs.readdirSync('/')),
  written: [__dirname, '/', '/tmp', '/dev', '/usr/lib', '/lib'].filter((folder) => tried(() => fs.writeFileSync(folder + '/gatehouse-was-here', 'x')) === 'done'),
  parentEnvironment: tried(() => { fs.readFileSync(`/proc/${process.ppid}/environ`); return 'read' }),
  signal: tried(() => { process.kill(process.ppid, 0); return 'may' }),
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

Promise.all([connect({ host: '127.0.0.1', port: Number(port) }), connect({ path: socketPath }), connect({ host: '1.1.1.1', port: 53 })])
  .then(([tcp, unix, outside]) => {
    fs.writeSync(3, JSON.stringify({ ...report, tcp, unix, outside }))
    process.exit(0)
  })
