/** The services and libraries of a copy: what a run of one service may load, then the rest. */
import { sql } from 'kysely'
import { type CopyAsked, copyLimits, type Reading } from './bounds.ts'

/**
 * Current versions without their sources, which no run needs: of the service, of what it requires, then of all others as
 * long as there is room.
 */
export async function readCode(
  { db, key, cut }: Reading,
  { name, version }: CopyAsked['service'],
): Promise<Record<string, unknown>[]> {
  const current = await db
    .selectFrom('code_versions as version')
    .innerJoin('code_units as unit', (join) =>
      join
        .onRef('unit.system_key', '=', 'version.system_key')
        .onRef('unit.kind', '=', 'version.kind')
        .onRef('unit.name', '=', 'version.name'),
    )
    .select(['version.kind', 'version.name', 'version.version', 'version.dependencies'])
    .select(sql<number>`length(coalesce(version.compiled, ''))`.as('size'))
    .where('version.system_key', '=', key)
    .where((eb) =>
      eb.or([
        eb('version.version', '=', eb.ref('unit.current_version')),
        eb.and([
          eb('version.kind', '=', 'service'),
          eb('version.name', '=', name),
          eb('version.version', '=', version ?? -1),
        ]),
      ]),
    )
    .execute()
  const needed = new Set<string>()
  const visit = (unit: { dependencies: string }): void => {
    for (const library of unit.dependencies.split(',')) {
      if (needed.has(library)) continue
      needed.add(library)
      current.filter((one) => one.kind === 'library' && one.name === library).forEach(visit)
    }
  }
  const asked = current.filter((one) => one.kind === 'service' && one.name === name)
  asked.forEach(visit)
  const rank = (one: (typeof current)[number]): number =>
    asked.includes(one) ? 0 : one.kind === 'library' && needed.has(one.name) ? 1 : 2
  const rows: Record<string, unknown>[] = []
  let left: number = copyLimits.codeBytes
  for (const one of current.sort((a, b) => rank(a) - rank(b))) {
    left -= one.size
    if (left < 0) break
    const row = await db
      .selectFrom('code_versions')
      .select(['system_key', 'kind', 'name', 'version', 'compiled', 'problem', 'dialect', 'dependencies'])
      .select(['created_at', 'created_by'])
      .where('system_key', '=', key)
      .where('kind', '=', one.kind)
      .where('name', '=', one.name)
      .where('version', '=', one.version)
      .executeTakeFirstOrThrow()
    rows.push({ ...row, source: '' })
  }
  if (rows.length < current.length) cut.push({ what: 'services and libraries', copied: rows.length })
  return rows
}
