/** Remembered devices for the auth service: what comes of them lets somebody in, so only the run that the door asked may. */
import { userRow } from '../../domain/accounts/users.ts'
import { knowDevice, rememberDevice } from '../../domain/auth/devices.ts'
import { currentSystem } from '../run.ts'
import { keepOut } from '../secrecy.ts'
import { demandDoor, noted } from './challenges.ts'
import { type HostTable, textArg } from './table.ts'

export const deviceCalls: HostTable = {
  'auth.remember': async ({ run, args }) => {
    demandDoor(run)
    const input = { proof: textArg(args, 'authToken'), service: run.service, days: args.days }
    const { token, expiresAt } = await noted(run, () => rememberDevice(run.scope, input))
    keepOut(run, token)
    return { device_token: token, expires_at: new Date(expiresAt).toISOString() }
  },
  'auth.knownDevice': async ({ run, args }) => {
    demandDoor(run)
    const token = textArg(args, 'device_token')
    keepOut(run, token)
    const scope = { ...run.scope, system: await currentSystem(run.scope) }
    const input = {
      ...{ proof: textArg(args, 'authToken'), token, days: args.days },
      ...{ service: run.service, runId: run.id },
    }
    const { proof, userId } = await noted(run, () => knowDevice(scope, input))
    keepOut(run, proof)
    run.tree.proofs.set(proof, { kind: 'user', userId, sessionId: undefined })
    run.tree.challenges.push({ step: 'right', kind: 'device', userId })
    const { email } = await userRow(run.scope, userId)
    return {
      ...{ authToken: proof, user_id: userId, email, factor: { kind: 'device', to: '' } },
      session_seconds: scope.system.settings.token_ttl_user,
    }
  },
}
