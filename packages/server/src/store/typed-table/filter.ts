/**
 * A query's conditions and order as SQL. Names go through the query builder's quoting and values travel as parameters;
 * no text of a stranger becomes part of a statement.
 *
 * A row without a value is found by EQ null alone: NEQ, like every other operator, compares values (as SQL does).
 *
 * A condition on a path into a jsonb column (`data->>key`, `data->list->0->>key`) compares with what is there, by its JSON
 * type: numbers with numbers, booleans with booleans, texts with texts. EQ and NEQ with a text also take a number or a
 * boolean that is written so. EQ null finds rows where the path leads to nothing or to null.
 */
import type { Column } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Condition, Operator, Query } from '@gatehouse/contract/query.ts'
import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../dialect/database.ts'
import { comparePattern } from '../dialect/pattern.ts'
import { columnNamed, shownName, type TypedTable } from './table.ts'
import { toStored } from './values.ts'

type Sql = RawBuilder<unknown>

const comparisons: Readonly<Record<Exclude<Operator, 'RE'>, Sql>> = {
  EQ: sql`=`,
  NEQ: sql`<>`,
  GT: sql`>`,
  GTE: sql`>=`,
  LT: sql`<`,
  LTE: sql`<=`,
}

const nothing = sql``

/** ` where …`, or nothing for a query that names no condition. Throws GatehouseError badQuery. */
export function whereClause(dialect: Dialect, table: TypedTable, query: Query): Sql {
  if (query.any.length === 0) return nothing
  const groups = query.any.map((group) =>
    joined(
      group.map((condition) => conditionSql(dialect, table, condition)),
      sql` and `,
    ),
  )
  return sql` where ${joined(groups, sql` or `)}`
}

/** SQLite refuses expressions deeper than 1,000 and a flat list counts as deep as it is long; a tree stays shallow. */
const widest = 50

function joined(parts: Sql[], separator: Sql): Sql {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0]
  if (parts.length <= widest) return sql`(${sql.join(parts, separator)})`
  const grouped: Sql[] = []
  for (let index = 0; index < parts.length; index += widest) {
    grouped.push(joined(parts.slice(index, index + widest), separator))
  }
  return joined(grouped, separator)
}

function conditionSql(dialect: Dialect, table: TypedTable, condition: Condition): Sql {
  if (condition.column.includes('->')) return pathCondition(dialect, table, condition)
  const column = columnNamed(table, condition.column, 'badQuery')
  const name = sql.id(column.name)
  const { operator, value } = condition
  if (value === null) return operator === 'EQ' ? sql`${name} is null` : sql`${name} is not null`
  if (operator === 'RE') {
    if (column.type !== 'string' && column.type !== 'uuid' && column.type !== 'blob') {
      throw badQuery(`RE needs a text, and column ${shownName(column.name)} is of type ${column.type}.`)
    }
    return matches(dialect, column.type === 'uuid' ? textOf(dialect, name) : name, value)
  }
  if (column.type === 'jsonb') {
    throw badQuery(`Column ${shownName(column.name)} of type jsonb cannot be compared as a whole.`, pathHint(column))
  }
  return sql`${name} ${comparisons[operator]} ${toStored(dialect, column, value, 'badQuery')}`
}

const textOf = (dialect: Dialect, expression: Sql): Sql =>
  dialect.kind === 'postgres' ? sql`(${expression}::text collate "C")` : expression

function matches(dialect: Dialect, expression: Sql, pattern: unknown): Sql {
  if (typeof pattern !== 'string') throw badQuery('RE needs a pattern as a string.')
  if (pattern.includes('\0') || !pattern.isWellFormed())
    throw badQuery('The RE pattern holds a character no text can hold.')
  const { postgres } = comparePattern(pattern)
  return dialect.kind === 'postgres' ? sql`${expression} ~ ${postgres}` : sql`regexp(${pattern}, ${expression}) = 1`
}

type Step = { key: string } | { index: number }

function pathCondition(dialect: Dialect, table: TypedTable, condition: Condition): Sql {
  const { column, steps } = parsePath(table, condition.column)
  const at = dialect.kind === 'postgres' ? postgresPlace(column, steps) : sqlitePlace(column, steps)
  const { operator, value } = condition
  if (value === null) return operator === 'EQ' ? sql`${at.text} is null` : sql`${at.text} is not null`
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
    throw badQuery(`The value for ${shownName(condition.column)} holds a character no text can hold.`)
  }
  if (operator === 'RE') return sql`(case when ${at.isText} then ${matches(dialect, at.text, value)} else false end)`
  const equality = operator === 'EQ' || operator === 'NEQ'
  if (typeof value === 'boolean' && !equality) {
    throw badQuery(`${operator} cannot compare ${shownName(condition.column)} with a boolean; EQ and NEQ can.`)
  }
  const test = comparisons[operator === 'NEQ' ? 'EQ' : operator]
  const cases: Sql[] = []
  if (typeof value === 'string') cases.push(sql`when ${at.isText} then ${at.text} ${test} ${value}`)
  const number = typeof value === 'string' && equality ? numberWritten(value) : value
  if (typeof number === 'number') cases.push(sql`when ${at.isNumber} then ${at.number} ${test} ${at.parameter(number)}`)
  const truth = typeof value === 'boolean' ? String(value) : value
  if (equality && (truth === 'true' || truth === 'false')) {
    cases.push(sql`when ${at.isBoolean} then ${truth === 'true' ? at.isTrue : sql`not ${at.isTrue}`}`)
  }
  const found = sql`(case ${sql.join(cases, sql` `)} else false end)`
  return operator === 'NEQ' ? sql`(${at.text} is not null and not ${found})` : found
}

/** The number that a text is, if that is how JavaScript writes it. */
function numberWritten(text: string): number | undefined {
  const number = Number(text)
  return Number.isFinite(number) && String(number) === text ? number : undefined
}

/** One place in a JSON value, in the words of one database. `text` is null where there is nothing, or null. */
type Place = {
  text: Sql
  number: Sql
  parameter(value: number): Sql
  isText: Sql
  isNumber: Sql
  isBoolean: Sql
  isTrue: Sql
}

function postgresPlace(column: Column, steps: Step[]): Place {
  const arrows = steps.map((step) => ('key' in step ? sql`${step.key}::text` : sql`${step.index}::integer`))
  const json = sql`(${sql.id(column.name)} -> ${sql.join(arrows, sql` -> `)})`
  const text = sql`(${json} #>> '{}' collate "C")`
  return {
    text,
    number: sql`(${json} #>> '{}')::double precision`,
    parameter: (value) => sql`${value}::double precision`,
    isText: sql`jsonb_typeof(${json}) = 'string'`,
    isNumber: sql`jsonb_typeof(${json}) = 'number'`,
    isBoolean: sql`jsonb_typeof(${json}) = 'boolean'`,
    isTrue: sql`(${json} = 'true'::jsonb)`,
  }
}

function sqlitePlace(column: Column, steps: Step[]): Place {
  const name = sql.id(column.name)
  const path = `$${steps.map((step) => ('key' in step ? `."${step.key}"` : `[${step.index}]`)).join('')}`
  const value = sql`json_extract(${name}, ${path})`
  const type = sql`json_type(${name}, ${path})`
  return {
    text: value,
    number: value,
    parameter: (number) => sql`${number}`,
    isText: sql`${type} = 'text'`,
    isNumber: sql`${type} in ('integer', 'real')`,
    isBoolean: sql`${type} in ('true', 'false')`,
    isTrue: sql`(${type} = 'true')`,
  }
}

const mostSteps = 20

/** `column->step->…->>step`: a bare number is a place in a list, everything else (or in single quotes) a key. */
function parsePath(table: TypedTable, text: string): { column: Column; steps: Step[] } {
  const start = text.indexOf('->')
  const column = columnNamed(table, text.slice(0, start).trim(), 'badQuery')
  if (column.type !== 'jsonb') {
    throw badQuery(`A path with ->> needs a jsonb column, and ${shownName(column.name)} is of type ${column.type}.`)
  }
  const steps: Step[] = []
  const form = /\s*(->>?)\s*(?:'([^'"\\\p{Cc}]+)'|([^'"\\\p{Cc}>-](?:[^'"\\\p{Cc}>-]|-(?!>))*))\s*/uy
  form.lastIndex = start
  let last = ''
  while (form.lastIndex < text.length) {
    const match = form.exec(text)
    if (match === null || last === '->>' || steps.length >= mostSteps) {
      throw badQuery(`${shownName(text)} is not a path into jsonb.`, pathHint(column))
    }
    last = match[1] ?? ''
    const bare = match[3]?.trim()
    steps.push(bare !== undefined && /^\d{1,9}$/.test(bare) ? { index: Number(bare) } : { key: match[2] ?? bare ?? '' })
  }
  if (last !== '->>' || !text.isWellFormed())
    throw badQuery(`${shownName(text)} is not a path into jsonb.`, pathHint(column))
  return { column, steps }
}

const pathHint = (column: Column): string =>
  `Write ${column.name}->>key, or ${column.name}->key->>key for a deeper one.`

/** ` order by …`: unset values before all others, and rows alike by their key, so that pages never overlap. */
export function orderClause(dialect: Dialect, table: TypedTable, query: Query): Sql {
  const seen = new Set<string>()
  const parts: Sql[] = []
  for (const { column: name, direction } of query.sort) {
    const column = columnNamed(table, name, 'badQuery')
    if (column.type === 'jsonb') throw badQuery(`Rows cannot be sorted by column ${shownName(name)} of type jsonb.`)
    if (seen.has(name)) continue
    seen.add(name)
    parts.push(ordered(dialect, name, direction, name !== table.key))
  }
  if (!seen.has(table.key)) parts.push(ordered(dialect, table.key, 'asc', false))
  return sql` order by ${sql.join(parts)}`
}

/** The same order on both databases: SQLite takes an unset value for the least of all, PostgreSQL must be told. */
export function ordered(dialect: Dialect, name: string, direction: 'asc' | 'desc', nullable: boolean): Sql {
  const nulls =
    dialect.kind === 'sqlite' || !nullable ? nothing : direction === 'asc' ? sql` nulls first` : sql` nulls last`
  return direction === 'asc' ? sql`${sql.id(name)}${nulls}` : sql`${sql.id(name)} desc${nulls}`
}

function badQuery(detail: string, hint?: string): GatehouseError {
  return new GatehouseError('badQuery', detail, hint === undefined ? {} : { hint })
}
