/**
 * What a service consists of when it runs: its libraries in the order in which they must load, then its own code
 * (code-engine.md §1.3: depth first, dependencies before dependents, each once, list order otherwise).
 */

import type { SystemScope } from '../domain/access/scope.ts'
import { type CodeUnit, currentCode } from '../domain/code/code.ts'
import type { CodeSettings } from '../domain/code/settings.ts'
import type { Script } from '../sandbox/job.ts'
import { nativeLibraries } from './prelude/prelude.ts'

export type Assembly = {
  service: string
  version: number
  settings: CodeSettings
  dialect: 'classic' | 'modern'
  scripts: Script[]
  /** Native libraries that anything in the set requires. */
  natives: string[]
  /** Name → version of everything that runs; services read it as `cbmeta.code_versions`. */
  versions: Record<string, number>
  /** Why it cannot run. */
  problem: Problem | undefined
}

/** `name` is that of the error; empty where something that is required is missing. */
export type Problem = { name: string; script: string; message: string; line?: number }

/** Undefined where there is no such service. */
export async function assemble(scope: SystemScope, service: string): Promise<Assembly | undefined> {
  const unit = await currentCode(scope, 'service', service)
  return unit && assembleUnit(scope, service, unit)
}

/** The same for code that need not be what is in use; its libraries are. */
export async function assembleUnit(
  scope: SystemScope,
  service: string,
  unit: { settings: CodeSettings; version: CodeUnit['version'] },
): Promise<Assembly> {
  const scripts: Script[] = []
  const natives = new Set<string>()
  const versions: Record<string, number> = {}
  const seen = new Set<string>()
  let problem: Problem | undefined

  const add = (code: Pick<CodeUnit, 'version'>): void => {
    const { name, version, compiled, problem: found } = code.version
    versions[name] = version
    if (compiled !== null) scripts.push({ name, code: compiled })
    else {
      const message = found?.message ?? 'it does not compile'
      problem ??= { name: 'SyntaxError', script: name, message, ...(found !== null && { line: found.line }) }
    }
  }
  const require = async (name: string, by: string): Promise<void> => {
    if (seen.has(name)) return
    seen.add(name)
    const library = await currentCode(scope, 'library', name)
    if (library !== undefined) {
      for (const dependency of library.version.dependencies) await require(dependency, name)
      add(library)
    } else if (nativeLibraries.includes(name)) natives.add(name)
    else problem ??= { name: '', script: by, message: `"${by}" requires "${name}", and there is no such library.` }
  }
  for (const dependency of unit.version.dependencies) await require(dependency, service)
  add(unit)
  const { version, dialect } = unit.version
  return { service, version, settings: unit.settings, dialect, scripts, natives: [...natives], versions, problem }
}

/** Assemblies by system and service, good as long as the revision of the system stands. */
export class AssemblyCache {
  readonly #kept = new Map<string, { revision: number; assembly: Assembly | undefined }>()
  readonly #limit = 500

  get(scope: SystemScope, service: string): Promise<Assembly | undefined> {
    return this.keep(scope, service, () => assemble(scope, service))
  }

  /** What is made from rows that change the revision, under a name of its own. */
  async keep(
    scope: SystemScope,
    name: string,
    make: () => Promise<Assembly | undefined>,
  ): Promise<Assembly | undefined> {
    const key = `${scope.system.key}/${name}`
    const kept = this.#kept.get(key)
    if (kept?.revision === scope.system.revision) return kept.assembly
    const assembly = await make()
    this.#kept.delete(key)
    if (this.#kept.size >= this.#limit) this.#kept.delete(this.#kept.keys().next().value!)
    this.#kept.set(key, { revision: scope.system.revision, assembly })
    return assembly
  }
}
