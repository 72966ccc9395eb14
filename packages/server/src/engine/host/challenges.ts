/**
 * Second factors for the auth service: asking for a code or a passkey, and checking the answer. Only the run that the door
 * asked may, since what comes of it is a proof that lets somebody in.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { userRow } from '../../domain/accounts/users.ts'
import { answerChallenge, type Challenge, giveChallenge, resendChallenge } from '../../domain/auth/challenges.ts'
import type { SendMessage } from '../../domain/sending/send.ts'
import type { Waiting } from '../../sandbox/job.ts'
import { currentSystem, type Run } from '../run.ts'
import { keepOut, keepSecrets } from '../secrecy.ts'
import { countOutbound } from './http.ts'
import { type Args, type HostTable, objectArg, textArg } from './table.ts'

export const demandDoor = (run: Run): void => {
  if (run.asAuthService) return
  throw new GatehouseError(
    'permissionDenied',
    'Second factors are asked for and checked only while the service runs as the auth service of a sign-in.',
  )
}

const wordingOf = ({ message, digits, provider }: Args) => ({
  message,
  digits: digits ?? undefined,
  provider,
})

/** Counted when it is sent: nothing that a service does beforehand keeps a proof from being spent. */
const counted =
  (run: Run, send: SendMessage, waiting: Waiting): SendMessage =>
  (scope, message) => {
    countOutbound(run)
    return waiting(send(scope, message))
  }

/** Notes for the trace what was refused, and lets it through. */
export async function noted<T>(run: Run, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GatehouseError) run.tree.challenges.push({ step: 'refused', why: error.detail })
    throw error
  }
}

async function shapeOf(run: Run, challenge: Challenge): Promise<Record<string, unknown>> {
  const { handle, userId, kind, kinds, to, passkey, where, expiresAt, code } = challenge
  keepOut(run, code, passkey?.challenge)
  run.tree.challenges.push({ step: 'given', kind, userId })
  if (where !== undefined) run.tree.messages.push({ to: where, state: 'accepted' })
  const { email } = await userRow(run.scope, userId)
  return {
    ...{ challenge_id: handle, user_id: userId, email, kind, kinds, to },
    ...(where !== undefined && { where }),
    ...(passkey !== undefined && { passkey }),
    expires_at: new Date(expiresAt).toISOString(),
    ...(code !== undefined && { code }),
  }
}

/** What a passkey says is an object. People type codes as numbers, and JSON carries them so. */
function answerArg(args: Args): string | Args {
  if (typeof args.code === 'number') return String(args.code)
  return typeof args.code === 'object' ? objectArg(args, 'code') : textArg(args, 'code')
}

export const challengeCalls = (send: SendMessage): HostTable => ({
  'auth.challenge': async ({ run, args, waiting }) => {
    demandDoor(run)
    keepOut(run, (args.provider as Args | undefined)?.token)
    const scope = { ...run.scope, system: await currentSystem(run.scope) }
    const { kind, kinds } = args
    const input = { proof: textArg(args, 'authToken'), service: run.service, kind, kinds, wording: wordingOf(args) }
    return noted(run, async () => {
      const given = await giveChallenge(scope, counted(run, send, waiting), input)
      for (const { kind: over, why } of given.passedOver) run.tree.challenges.push({ step: 'refused', kind: over, why })
      const over = given.passedOver
      return { ...(await shapeOf(run, given)), ...(over.length > 0 && { passed_over: over }) }
    })
  },
  'auth.resend': async ({ run, args, waiting }) => {
    demandDoor(run)
    keepOut(run, (args.provider as Args | undefined)?.token)
    const scope = { ...run.scope, system: await currentSystem(run.scope) }
    const input = { handle: textArg(args, 'challenge_id'), service: run.service, wording: wordingOf(args) }
    const asked = counted(run, send, waiting)
    return noted(run, async () => shapeOf(run, await resendChallenge(scope, asked, input)))
  },
  'auth.answer': async ({ run, args }) => {
    demandDoor(run)
    const code = answerArg(args)
    keepSecrets(run.tree, code)
    const input = { handle: textArg(args, 'challenge_id'), code, service: run.service, runId: run.id }
    const { proof, userId, kind, to } = await noted(run, () => answerChallenge(run.scope, input))
    keepOut(run, proof)
    run.tree.proofs.set(proof, { kind: 'user', userId, sessionId: undefined })
    run.tree.challenges.push({ step: 'right', kind, userId })
    const { email } = await userRow(run.scope, userId)
    return {
      authToken: proof,
      user_id: userId,
      email,
      factor: { kind, to },
      session_seconds: run.scope.system.settings.token_ttl_user,
    }
  },
})
