/**
 * The walk of packages from the command line: a real node, the real commands, and what they print. The sample of the
 * catalogue is installed by its address, from a folder, a zip and a git repository; set up and used; pulled, edited and
 * pushed; upgraded and taken back. `transcript.txt` is what it prints, the same at each run.
 *
 *   node examples/packages/walk.ts
 */
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commitAll, noGit, serveRepositories } from './git-server.ts'
import { checkout, developer, onStage, type Stage } from './stage.ts'

const sample = 'catalogue/shift-sign-in'
const service = 'code/services/shiftSignIn/shiftSignIn.js'
const library = 'code/libraries/ShiftHours/ShiftHours.js'

try {
  await onStage(async (stage) => {
    await look(stage)
    await signIn(stage, await installFourTimes(stage))
    await roundTrip(stage)
    await sameBytes(stage)
    await upgradeAndUndo(stage)
  })
} catch (error) {
  console.error(`\n${(error as Error).message}`)
  process.exitCode = 1
}

async function look({ say, run, url }: Stage): Promise<void> {
  say(`$ export GATEHOUSE_DEVELOPER_EMAIL=${developer.email} GATEHOUSE_DEVELOPER_PASSWORD='${developer.password}'`)
  await run(`login --url ${url}`)
  say('\n# What there is, and what it may do')
  await run('catalogue list')
  say('')
  await run(`package fetch ${url}/packages/shift-sign-in`)
}

type System = { system_key: string; system_secret: string }

async function installFourTimes({ say, run, url, at, words }: Stage): Promise<System> {
  say('\n# By its address, as a folder, as a zip, and from a git repository')
  await run(`package install ${url}/packages/shift-sign-in --yes --name from-catalogue`, { makes: 'from-catalogue' })
  say('')
  const folder = `package install ~/gatehouse/${sample} --yes --json --name from-folder`
  const made = JSON.parse(await run(folder, { makes: 'from-folder' }))
  say('')
  await run('package export from-catalogue.zip --system from-catalogue')
  await run('package install from-catalogue.zip --yes --name from-zip', { makes: 'from-zip' })
  say('')
  const why = noGit()
  if (why === undefined) {
    cpSync(join(checkout, sample), at('repositories/shift-sign-in'), { recursive: true })
    commitAll(at('repositories/shift-sign-in'))
    const repositories = await serveRepositories(at('repositories'))
    try {
      words.learn(repositories.url, 'http://127.0.0.1:PORT')
      const address = `${repositories.url}/shift-sign-in`
      await run(`package install ${address} --ref main --yes --name from-git`, { makes: 'from-git' })
      await run('package list --system from-git')
    } finally {
      await repositories.end()
    }
  } else say(`(Left out: from a git repository, since ${why}.)`)
  demand(made.passwords[0].email === 'shiftRunner@example.com', 'The new password is that of somebody else.')
  words.learn(made.passwords[0].password, 'PASSWORD')
  return made
}

async function signIn({ say, run, url }: Stage, { system_key: key, system_secret: secret }: System): Promise<void> {
  const ask = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const headers = { 'ClearBlade-SystemKey': key, 'ClearBlade-SystemSecret': secret }
    const flags = Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}'`)
    const text = JSON.stringify(body)
    say(`$ curl -s ${url}${path} \\\n    ${flags.join(' ')} \\\n    -d '${text}'`)
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: text })
    const answer = await response.text()
    say(answer)
    return JSON.parse(answer)
  }
  const operator = { email: 'op@example.com', password: 'the plant is quiet' }
  say('\n# Set up: the service decides who gets in')
  await run('package readme --system from-folder')
  say('')
  await ask('/api/v/1/user/reg', operator)
  await run('system set --system from-folder --auth-service shiftSignIn --json')
  say('')
  const inside = await ask('/api/v/1/user/auth', operator)
  demand(typeof inside.user_token === 'string' && inside.user_token !== '', 'The user was not signed in.')
  const outside = await ask('/api/v/1/user/auth', { ...operator, password: 'the plant is loud' })
  demand(outside.user_token === '', 'A wrong password was let in.')
}

async function roundTrip({ say, run, at }: Stage): Promise<void> {
  say('\n# A round trip: pull, edit, push')
  await run('system pull plant --system from-catalogue')
  edit(at(`plant/${service}`), `'let in'`, `'on shift'`)
  say(`$ sed -i "s/'let in'/'on shift'/" plant/${service}\n$ cd plant`)
  const folder = 'plant'
  await run('system push --dry-run', { folder })
  say('')
  await run('system push --yes', { folder })
  say('')
  await run('system push --yes', { folder })
  say('$ cd ..')
}

async function sameBytes(stage: Stage): Promise<void> {
  const { say, run, keys } = stage
  say('\n# What was edited is the one difference, beside the name')
  await run('package export edited --system from-catalogue')
  await run('package export plain --system from-zip')
  const differ = differing(stage, 'edited', 'plain')
  demand(differ.join() === [service, 'system.json'].join(), 'Other files differ than what was edited and the name.')
  say('\n# Exported, deleted, installed and exported again: the same bytes')
  await run('package export before.zip --system from-zip')
  await run(`system delete ${keys.get('from-zip')} --yes`)
  await run('package install before.zip --yes --name from-zip', { makes: 'from-zip' })
  await run('package export after.zip --system from-zip')
  demandSame(stage, 'before.zip', 'after.zip')
}

async function upgradeAndUndo(stage: Stage): Promise<void> {
  const { say, run, at } = stage
  say('\n# An upgrade, which keeps what was edited here, and back')
  await run('package export old.zip --system from-catalogue')
  cpSync(join(checkout, sample), at('newer'), { recursive: true })
  edit(at('newer/package.json'), '1.0.0', '1.1.0')
  edit(at(`newer/${library}`), 'return new Date()', 'return new Date(Date.now())')
  say(`$ cp -r ~/gatehouse/${sample} newer`)
  say(`$ sed -i 's/1.0.0/1.1.0/' newer/package.json`)
  say(`$ sed -i 's/return new Date()/return new Date(Date.now())/' newer/${library}`)
  await run('package upgrade newer --system from-catalogue --dry-run')
  say('')
  await run('package upgrade newer --system from-catalogue --yes', { code: 1 })
  say('')
  await run('package upgrade newer --system from-catalogue --yes --allow library:ShiftHours')
  await run('package list --system from-catalogue')
  say('')
  await run('package undo shift-sign-in --system from-catalogue --yes --allow library:ShiftHours')
  await run('package list --system from-catalogue')
  await run('package export undone.zip --system from-catalogue')
  demandSame(stage, 'old.zip', 'undone.zip')
}

function edit(file: string, before: string, after: string): void {
  const text = readFileSync(file, 'utf8')
  demand(text.includes(before), `${file} does not hold ${before}.`)
  writeFileSync(file, text.replace(before, after))
}

/** Answers the files that differ, and says it as `diff -rq` does. */
function differing({ say, at }: Stage, one: string, other: string): string[] {
  const filesIn = (folder: string): string[] =>
    readdirSync(at(folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(join(at(folder), path)).isFile())
      .map((path) => path.replaceAll('\\', '/'))
  const [ours, theirs] = [filesIn(one), new Set(filesIn(other))]
  say(`$ diff -rq ${one} ${other}`)
  const missing = [...ours.filter((path) => !theirs.has(path)), ...[...theirs].filter((path) => !ours.includes(path))]
  demand(missing.length === 0, `${missing.join(', ')} is in one of ${one} and ${other} alone.`)
  const read = (folder: string, path: string): Buffer => readFileSync(join(at(folder), path))
  const differ = ours.filter((path) => !read(one, path).equals(read(other, path))).sort()
  for (const path of differ) say(`Files ${one}/${path} and ${other}/${path} differ`)
  return differ
}

function demandSame({ say, at }: Stage, one: string, other: string): void {
  say(`$ cmp ${one} ${other} && echo the same bytes`)
  demand(readFileSync(at(one)).equals(readFileSync(at(other))), `${one} and ${other} differ.`)
  say('the same bytes')
}

function demand(holds: boolean, message: string): void {
  if (!holds) throw new Error(message)
}
