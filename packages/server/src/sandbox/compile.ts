/**
 * Turns a developer's script into what is stored and run, line for line: every `catch` and `finally` first asks whether
 * the run has ended, and in the classic dialect `const` means what it meant to the engine those scripts were written
 * for. Done when a script is saved; V8's own opinion on the result is `checkScript()` of the sandbox.
 *
 * The guards are there for fidelity (code after `resp.success()` does not run); what protects is that the first answer
 * wins and that every host call after it is refused.
 */
import { type Node, Parser } from 'acorn'
import MagicString from 'magic-string'

export type Problem = { message: string; line: number; column: number }

/** The same name stands in `engine-process/inside.cjs`, which defines it in every context. */
export const guardName = '__run_guard_5e1a__'

/** Messages quote the script, whose names have no limit of their own. */
const MAX_MESSAGE = 500

/** Where a destructuring `catch` keeps the error until the guard has been asked. */
const caughtName = '__run_caught_5e1a__'

/**
 * Syntax that scripts for the classic engine cannot have; a file that has any of it means its `const` as written.
 * A `var` in its place would change closures in loops and clash with `let`.
 */
const newerTypes = new Set([
  'ArrowFunctionExpression',
  'ArrayPattern',
  'AssignmentPattern',
  'AwaitExpression',
  'ChainExpression',
  'ClassDeclaration',
  'ClassExpression',
  'ForOfStatement',
  'ImportExpression',
  'MetaProperty',
  'ObjectPattern',
  'RestElement',
  'SpreadElement',
  'TaggedTemplateExpression',
  'TemplateLiteral',
  'YieldExpression',
])

const newerOperators = new Set(['??', '??=', '||=', '&&='])

export type AnyNode = Node & Record<string, unknown>

/** The classic engine lets any name be declared twice, the later wins; whether V8 agrees is for V8 to say. */
const LenientParser = Parser.extend((Base) => {
  const Lenient = class extends (Base as unknown as new (...args: unknown[]) => { declareName(): void }) {
    override declareName(): void {}
  }
  return Lenient as unknown as typeof Base
})

/**
 * Compiles one script. `classic` is the dialect of existing services (ES5 with `const`); `modern` keeps `const` and
 * `let` as they are. Both are sloppy mode scripts, never modules. A problem's line counts from 1, its column from 0.
 */
export function compileScript(
  source: string,
  options: { name: string; dialect: 'classic' | 'modern' },
): { code: string } | { problem: Problem } {
  let tree: AnyNode
  try {
    tree = parseScript(source, options.dialect)
  } catch (error) {
    return { problem: problemFrom(error, options.name) }
  }
  const text = new MagicString(source)
  const constants: AnyNode[] = []
  let newer = false
  let reserved: AnyNode | undefined

  for (const node of nodesOf(tree)) {
    if (isNewer(node)) newer = true
    if (node.type === 'VariableDeclaration') {
      if (node.kind === 'const') constants.push(node)
      else if (node.kind !== 'var') newer = true
    }
    if (node.type === 'Identifier' && (node.name === guardName || node.name === caughtName)) reserved ??= node
    if (node.type === 'CatchClause') guardCatch(text, node)
    if (node.type === 'TryStatement' && node.finalizer) {
      text.appendRight((node.finalizer as AnyNode).start + 1, `${guardName}();`)
    }
  }

  if (reserved) {
    const message = `The name ${String(reserved.name)} is reserved. Choose another name.`
    return { problem: { message, ...placeOf(source, reserved.start) } }
  }
  if (options.dialect === 'classic' && !newer) {
    // As long as `const`, so that columns stay true.
    for (const node of constants) text.overwrite(node.start, node.start + 5, 'var  ')
  }
  return { code: text.toString() }
}

/** Throws the parser's SyntaxError, or a RangeError for what is nested too deeply. */
export function parseScript(source: string, dialect: 'classic' | 'modern'): AnyNode {
  const parser = dialect === 'classic' ? LenientParser : Parser
  return parser.parse(source, { ecmaVersion: 'latest', sourceType: 'script' }) as unknown as AnyNode
}

function isNewer(node: AnyNode): boolean {
  if (newerTypes.has(node.type) || newerOperators.has(String(node.operator))) return true
  if (node.async === true || node.generator === true || typeof node.bigint === 'string') return true
  if (node.type === 'Property') return node.method === true || node.computed === true
  return node.type === 'CatchClause' && node.param === null
}

/** A pattern is bound to a plain name first: taking it apart could run the developer's code before the guard. */
function guardCatch(text: MagicString, node: AnyNode): void {
  const body = (node.body as AnyNode).start + 1
  const param = node.param as AnyNode | null
  if (!param || param.type === 'Identifier') {
    text.appendRight(body, `${guardName}();`)
    return
  }
  text.appendLeft(param.start, caughtName)
  text.prependRight(param.start, `${guardName}();let `)
  text.appendLeft(param.end, ` = ${caughtName};`)
  text.move(param.start, param.end, body)
}

/** Every node below and including this one, without recursion: nesting is the developer's to choose. */
export function* nodesOf(root: AnyNode): Generator<AnyNode> {
  const open: AnyNode[] = [root]
  for (let node = open.pop(); node; node = open.pop()) {
    yield node
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) open.push(item)
      } else if (isNode(value)) open.push(value)
    }
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

function problemFrom(error: unknown, name: string): Problem {
  if (error instanceof SyntaxError) {
    const place = (error as SyntaxError & { loc?: { line: number; column: number } }).loc
    // The parser ends its message with "(line:column)", which is told beside it.
    const message = error.message.replace(/ \(\d+:\d+\)$/, '').slice(0, MAX_MESSAGE)
    return { message, line: place?.line ?? 1, column: place?.column ?? 0 }
  }
  return { message: `${name} is nested too deeply to be read`, line: 1, column: 0 }
}

function placeOf(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset)
  return { line: before.split('\n').length, column: offset - (before.lastIndexOf('\n') + 1) }
}
