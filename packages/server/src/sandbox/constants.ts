/** The texts that a script gives names to, and putting other texts in their place. What they are for is not known here. */
import MagicString from 'magic-string'
import { type AnyNode, nodesOf, parseScript } from './compile.ts'

/** `start` and `end` are the literal's own, quotes included; `line` counts from 1. */
export type TextConstant = { name: string; value: string; line: number; start: number; end: number }

/**
 * `var NAME = 'text'`, `NAME = 'text'`, `anything.NAME = 'text'` and `{ NAME: 'text' }`, in the order in which they stand.
 * None where the script does not parse.
 */
export function textConstants(source: string, dialect: 'classic' | 'modern'): TextConstant[] {
  let tree: AnyNode
  try {
    tree = parseScript(source, dialect)
  } catch {
    return []
  }
  const found: Omit<TextConstant, 'line'>[] = []
  for (const node of nodesOf(tree)) {
    const named = pairOf(node)
    const value = named && textOf(named.value)
    if (value !== undefined) found.push({ name: named!.name, value, start: named!.value.start, end: named!.value.end })
  }
  found.sort((a, b) => a.start - b.start)
  return found.map((one) => ({ ...one, line: source.slice(0, one.start).split('\n').length }))
}

/** Every text of the script, named or not. */
export function textsOf(source: string, dialect: 'classic' | 'modern'): string[] {
  try {
    return [...nodesOf(parseScript(source, dialect))].map(textOf).filter((text) => text !== undefined)
  } catch {
    return []
  }
}

/** The script with other texts in the place of these constants, line for line. The texts must need no escaping. */
export function replaceTexts(source: string, changes: { constant: TextConstant; text: string }[]): string {
  const text = new MagicString(source)
  for (const { constant, text: value } of changes) text.overwrite(constant.start, constant.end, `'${value}'`)
  return text.toString()
}

function pairOf(node: AnyNode): { name: string; value: AnyNode } | undefined {
  const [target, value] =
    node.type === 'VariableDeclarator'
      ? [node.id, node.init]
      : node.type === 'AssignmentExpression' && node.operator === '='
        ? [node.left, node.right]
        : node.type === 'Property' && node.computed !== true
          ? [node.key, node.value]
          : []
  const name = nameOf(target as AnyNode | undefined)
  return name === undefined || !value ? undefined : { name, value: value as AnyNode }
}

function nameOf(node: AnyNode | undefined): string | undefined {
  if (node?.type === 'Identifier') return String(node.name)
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node?.type === 'MemberExpression' && node.computed !== true) return nameOf(node.property as AnyNode)
  return undefined
}

function textOf(node: AnyNode): string | undefined {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node.type !== 'TemplateLiteral' || (node.expressions as unknown[]).length > 0) return undefined
  const [only] = node.quasis as { value: { cooked?: string } }[]
  return only?.value.cooked
}
