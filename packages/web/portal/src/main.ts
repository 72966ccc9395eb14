/** Opens the portal that the address names: asks the node for it, for a sign-in where one is needed, and shows it. */
import 'bootstrap/dist/css/bootstrap.min.css'
import './portal.css'
import { ask, type Link, NodeError, type Opened, openPortal, readLink } from './api.ts'
import { createCbPortal } from './cb-portal.ts'
import { codeRunner } from './code/run.ts'
import { kindsOf } from './data/kinds.ts'
import { createSources } from './data/source.ts'
import { createLoader, element, notifier } from './frame/dom.ts'
import { addResource, loadScript } from './frame/load.ts'
import { type PortalFrame, showPortal } from './frame/portal.ts'
import { connect, globals, installGlobals } from './globals.ts'
import { readModel } from './model/model.ts'
import { type Sessions, sessionsOf } from './session.ts'
import { askForSignIn } from './sign-in.ts'

const root = document.querySelector<HTMLElement>('#gh-portal')!
const system = document.querySelector('meta[name="gatehouse-system"]')?.getAttribute('content') ?? ''

/** Of the error table: key and secret of the system are not right; the token is not good any more. */
const wrongSystem = 201
const notSignedIn = 204

/** The portal, with whoever is signed in, or after a sign-in. */
async function open(link: Link, sessions: Sessions): Promise<Opened> {
  let why = ''
  for (;;) {
    const token = sessions.person()?.authToken ?? (link.allowAnon ? sessions.anonymous() : undefined)
    try {
      const opened = await openPortal(link, token)
      if (opened.caller !== 'user' && sessions.person() !== undefined) sessions.forget()
      if (opened.anonymousToken !== undefined) sessions.keepAnonymous(opened.anonymousToken)
      return opened
    } catch (error) {
      const { status, code } = error instanceof NodeError ? error : { status: 0, code: 0 }
      // A link that is not good is mended by no sign-in.
      if ((status !== 401 && status !== 403) || code === wrongSystem) throw error
      const person = sessions.person()
      // Without anybody the refusal only says that a sign-in is needed, which the form says by itself.
      if (person !== undefined) why = status === 403 ? `${person.email} may not open this portal.` : ''
      sessions.forget()
      sessions.keep(await askForSignIn(root, link, why))
    }
  }
}

async function start(): Promise<void> {
  const link = readLink(location.search)
  const sessions = sessionsOf(system, link.name)
  const loader = createLoader()
  const opened = await open(link, sessions)
  await loader.waitFor(installGlobals())
  const model = readModel(opened.portal)
  const person = sessions.person()
  const anonymous = sessions.anonymous()
  const clearBlade = connect({
    systemKey: opened.systemKey,
    systemSecret: opened.systemSecret,
    user: person ?? (anonymous === undefined ? undefined : { email: null, authToken: anonymous }),
    changed: (changed) => (changed === undefined ? sessions.forget() : sessions.keep(changed)),
  })
  const notify = notifier()
  let frame: PortalFrame | undefined
  const portal = createCbPortal({ loader, clearBlade, portal: model.source, notify, frame: () => frame })
  const run = codeRunner(() => ({ portalTitle: model.name, datasources: globals.datasources, CB_PORTAL: portal }))
  let over = false
  const call = async (method: 'GET' | 'POST', path: string, body?: unknown) => {
    try {
      const token = clearBlade.user?.authToken
      return await ask(method, path, { body, ...(token && { token }) })
    } catch (error) {
      if (error instanceof NodeError && error.code === notSignedIn && !over && sessions.person() !== undefined) {
        over = true
        notify({ title: 'Your session is over', message: 'Load the page again to sign in.', type: 'error' })
      }
      throw error
    }
  }
  const failed = ({ name }: { name: string }, message: string) => notify({ title: name, message, type: 'error' })
  const sources = createSources(model.datasources, kindsOf(call, opened.systemKey), { run, failed })
  Object.assign(globals, { CB_PORTAL: portal, datasources: sources.byName, portalTitle: model.name })

  const load = async (urls: readonly string[]): Promise<void> => {
    for (const url of urls) {
      await loadScript(url).catch((error) =>
        notify({ title: 'A script is missing', message: error.message, type: 'error' }),
      )
    }
  }
  const first = (async () => {
    await load(model.scripts)
    for (const resource of model.resources) addResource(resource)
  })()
  await loader.waitFor(first)
  sources.start()
  const signOut = (): void => {
    sessions.forget()
    clearBlade.logoutUser(() => location.reload())
  }
  const account = person === undefined ? undefined : { email: person.email, signOut }
  frame = showPortal(root, { model, sources, run, notify, scripts: load }, account)
  if (link.draft !== undefined) {
    document.title = `Preview of ${model.name}`
    root.append(element('div', { class: 'gh-draft', text: 'Preview, not saved', attributes: { role: 'status' } }))
  }
}

/** What stops the whole portal, for people. */
function showFailure(error: unknown): void {
  document.title = 'This portal cannot be opened'
  root.replaceChildren(
    element('main', {
      class: 'gh-sign-in',
      children: [
        element('div', {
          class: 'gh-card',
          children: [
            element('h1', { text: 'This portal cannot be opened' }),
            element('p', {
              text: error instanceof Error ? error.message : String(error),
              attributes: { role: 'alert' },
            }),
          ],
        }),
      ],
    }),
  )
}

start().catch(showFailure)
