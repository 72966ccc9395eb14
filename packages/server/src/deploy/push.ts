/**
 * A system's own files, pulled and edited outside, back into it. The code in them is what its developer means to run, so it
 * needs no further yes, as where he saves it in any other way; rights, members, users and a run-as do, by name.
 */
import type { SystemScope } from '../domain/access/scope.ts'
import type { PackageModel } from './format/model.ts'
import { type ImportOptions, type ImportReport, importPackage } from './import.ts'

/**
 * With `base`, what the files were when they were pulled, changes on both sides are told apart: what was changed here since
 * is in the way unless `overwrite` names it, and `removeGone` takes away what is no longer in the files. Without it the files
 * say all. Throws as `importPackage` does.
 */
export async function pushFiles(
  scope: SystemScope,
  model: PackageModel,
  options: Omit<ImportOptions, 'into' | 'exactRoles' | 'record' | 'choose' | 'atEnd'>,
): Promise<ImportReport> {
  const push = { ...options, into: scope, exactRoles: true }
  const planned = await importPackage(scope, model, { ...push, dryRun: true })
  const isCode = (name: string): boolean => /^(?:service|library):/.test(name)
  const report: ImportReport = { ...planned, widening: planned.widening.filter(({ name }) => !isCode(name)) }
  if (options.dryRun === true) return report
  const code = planned.widening.map(({ name }) => name).filter(isCode)
  const done = await importPackage(scope, model, { ...push, allow: [...(options.allow ?? []), ...code] })
  return { ...done, widening: done.widening.filter(({ name }) => !isCode(name)) }
}
