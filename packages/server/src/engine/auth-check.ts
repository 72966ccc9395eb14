/**
 * What would refuse everybody: a look at the auth service as it stands, before anybody tries to sign in. Asks nothing of
 * the service itself.
 */
import { executeBit } from '@gatehouse/contract/permissions.ts'
import { may } from '../domain/access/rights.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { isWithdrawn, safeVersion } from '../domain/auth/withdrawal.ts'
import { findAccount } from '../store/tables/accounts.ts'
import { listTraces } from '../store/tables/records.ts'
import type { Assembly } from './assemble.ts'
import { codeOf } from './safe-version.ts'

/** `problem` says what is wrong, `mend` what to do about it. */
export type Finding = { check: string; problem: string; mend: string }

const recentTraces = 20

export async function checkAuthService(
  scope: SystemScope,
  assembly: Assembly | undefined,
): Promise<{ service: string; ok: boolean; findings: Finding[] }> {
  const service = scope.system.settings.auth_service
  if (service === '') return { service, ok: true, findings: [] }
  const findings = assembly === undefined ? [missing(service)] : await look(scope, assembly)
  return { service, ok: findings.length === 0, findings }
}

const missing = (service: string): Finding => ({
  check: 'service',
  problem: `There is no service "${service}".`,
  mend: 'Create it, name another one, or clear the setting.',
})

async function look(scope: SystemScope, assembly: Assembly): Promise<Finding[]> {
  const { service, problem, settings } = assembly
  const findings: Finding[] = []
  if (problem !== undefined) {
    const where = problem.line === undefined ? problem.script : `${problem.script}, line ${problem.line}`
    const syntax = problem.name !== ''
    findings.push({
      check: 'code',
      problem: syntax ? `It does not compile: ${problem.message} (${where}).` : problem.message,
      mend: syntax ? 'Correct the code, or make an older version current.' : 'Make that library, or require another.',
    })
  }
  if (isWithdrawn(scope.system.settings, service, codeOf(assembly))) {
    const safe = safeVersion(scope.system.settings)
    // Where another version serves in its place nobody is refused.
    if (safe === undefined) {
      findings.push({
        check: 'withdrawn',
        problem: `Version ${assembly.version} erred too often and withdrew itself, and no safe version is named.`,
        mend: 'Mend the service and save it, make another version current, or restore this one.',
      })
    }
  }
  const anonymous: SystemScope = { ...scope, caller: { kind: 'anonymous', sessionId: '' } }
  if (!(await may(anonymous, { kind: 'services', item: service, level: executeBit }))) {
    findings.push({
      check: 'anonymous',
      problem: 'The role Anonymous may not execute it.',
      mend: `Give the role Anonymous level 1 on the service "${service}".`,
    })
  }
  if (settings.run_user !== '') {
    const account = await findAccount(scope.data, { userId: settings.run_user })
    if (account === undefined || account.disabled) {
      findings.push({
        check: 'run-as',
        problem: `The user it runs as is ${account === undefined ? 'gone' : 'switched off'}.`,
        mend: 'Choose another user to run as, or none.',
      })
    }
  }
  for (const denied of await lastDenials(scope, assembly)) {
    findings.push({
      check: 'rights',
      problem: `The last time it was asked: ${denied}`,
      mend:
        settings.run_user === ''
          ? 'Let it run as a user with that right.'
          : 'Give a role of the user it runs as that right.',
    })
  }
  return findings
}

/** Rights that the newest sign-in through this very version was refused. */
async function lastDenials(scope: SystemScope, assembly: Assembly): Promise<string[]> {
  const traces = await listTraces(scope.data, { limit: recentTraces })
  const last = traces.find((trace) => trace.service === assembly.service)
  if (last === undefined || last.version !== assembly.version || !Array.isArray(last.denied)) return []
  return last.denied.filter((one): one is string => typeof one === 'string')
}
