/** `gatehouse auth versions|safe|restore|withdraw`: which version of the auth service serves, and when one stops by itself. */
import { segment } from './api.ts'
import { CommandError } from './failure.ts'
import { command, type Given, wholeNumber } from './flags.ts'
import type { Output } from './output.ts'
import { chooseSystem, openNode, systemFlags } from './target.ts'

type Rule = { share: number; window: number; least: number }

type State = {
  service: string
  current: number | null
  serving: 'current' | 'safe' | 'none'
  safe: { version: number; named_at: string; named_by: string } | null
  withdrawn: { version: number; at: string; erred: number; seen: number } | null
  rule: Rule | null
}

type System = Given<'system' | 'url'>

async function ask(given: System, output: Output, method: 'GET' | 'POST' | 'DELETE', what = ''): Promise<number> {
  const api = await openNode(given)
  const { key } = await chooseSystem(api, given.text('system'), output)
  return show(await api.call<State>(method, `/admin/v/4/system/${segment(key)}/auth-service/versions${what}`), output)
}

function show(state: State, output: Output): number {
  const { service, current, serving, safe, withdrawn, rule } = state
  const facts: Record<string, string> =
    service === ''
      ? { 'auth service': 'none: the password decides' }
      : {
          'auth service': service,
          'current version': current === null ? 'there is no such service' : String(current),
          serves: { current: 'the current version', safe: 'the safe version', none: 'nothing: sign-in refuses' }[
            serving
          ],
          safe: safe === null ? 'none named' : `version ${safe.version}, named ${safe.named_at}`,
          withdrawn: withdrawn === null ? 'no' : `${withdrawn.at}, erred for ${withdrawn.erred} of ${withdrawn.seen}`,
          'withdraws itself': rule === null ? 'never' : ruleText(rule),
        }
  output.result(state, { facts })
  return 0
}

const ruleText = ({ share, window, least }: Rule): string =>
  `when it errs for ${Math.round(share * 100)} % of the accounts within ${window} s, ${least} at least`

export const authVersions = command({
  name: 'auth versions',
  summary: 'which version of the auth service serves, and whether one has withdrawn itself',
  places: [],
  flags: systemFlags,
  examples: ['gatehouse auth versions --system plant'],
  run: (given, output) => ask(given, output, 'GET'),
})

export const authSafe = command({
  name: 'auth safe',
  summary: 'name what serves now as safe, with its libraries as they are',
  places: [],
  flags: { ...systemFlags, forget: { prose: 'name no version as safe any more' } },
  examples: ['gatehouse auth safe', 'gatehouse auth safe --forget'],
  run: (given, output) => ask(given, output, given.on('forget') ? 'DELETE' : 'POST', '/safe'),
})

export const authRestore = command({
  name: 'auth restore',
  summary: 'let the version that withdrew itself serve again',
  places: [],
  flags: systemFlags,
  examples: ['gatehouse auth restore --system plant'],
  run: (given, output) => ask(given, output, 'POST', '/restore'),
})

export const authWithdraw = command({
  name: 'auth withdraw',
  summary: 'set when a version of the auth service stops by itself, for the one that is named as safe',
  places: [],
  flags: {
    ...systemFlags,
    share: { value: 'PERCENT', prose: 'of the accounts seen, those for which it errs; an account counts once' },
    window: { value: 'SECONDS', prose: 'within so long, from 60 to 86400; else 600' },
    least: { value: 'ACCOUNTS', prose: 'and for so many at least; else 3' },
    never: { prose: 'take the rule away' },
  },
  notes: 'With no safe version named, sign-in refuses once the version has withdrawn itself: see gatehouse auth safe.',
  examples: ['gatehouse auth withdraw --share 20 --window 600', 'gatehouse auth withdraw --never'],
  async run(given, output) {
    const api = await openNode(given)
    const share = given.text('share')
    if ((share === undefined) !== given.on('never')) throw new CommandError('Give --share PERCENT, or --never.')
    const rule: Rule | null =
      share === undefined
        ? null
        : {
            share: wholeNumber('share', share) / 100,
            window: wholeNumber('window', given.text('window') ?? '600'),
            least: wholeNumber('least', given.text('least') ?? '3'),
          }
    const { key } = await chooseSystem(api, given.text('system'), output)
    await api.call('PUT', '/admin/v/4/systemmanagement', { body: { id: key, auth_withdraw: rule } })
    return show(await api.call<State>('GET', `/admin/v/4/system/${segment(key)}/auth-service/versions`), output)
  },
})
