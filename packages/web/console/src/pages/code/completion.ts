/** Completes what services see: globals, their members, and the methods of what they make. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { type Members, serviceGlobals } from '@gatehouse/contract/service-globals.ts'

/** `params` are the names that the service declares; `requires` what it requires. */
export type CompletionFacts = { params: readonly string[]; requires: readonly string[] }

const isCall = (about: string): boolean => about.startsWith('(')

const optionsOf = (members: Members, detail = ''): Completion[] =>
  Object.entries(members).map(([label, about]) => ({
    label,
    type: isCall(about) ? 'method' : 'property',
    detail,
    info: about,
  }))

function globalsFor({ requires }: CompletionFacts): Completion[] {
  return Object.entries(serviceGlobals).map(([label, { library, about }]) => {
    const missing = library !== undefined && !requires.includes(library)
    return {
      label,
      type: isCall(about) ? 'function' : 'variable',
      detail: missing ? `needs ${library}` : (library ?? ''),
      info: missing ? `${about}. Add ${library} under the wrench, Requires.` : about,
      boost: missing ? -10 : 10,
    }
  })
}

/** Methods of every object that a required library makes: what stands before the dot is not known. */
function methodsFor({ requires }: CompletionFacts): Completion[] {
  return Object.entries(serviceGlobals)
    .filter(([, { library }]) => library === undefined || requires.includes(library))
    .flatMap(([name, { objects }]) =>
      Object.entries(objects ?? {}).flatMap(([maker, methods]) => optionsOf(methods, maker === '' ? name : maker)),
    )
}

/** `facts` is asked each time, since both change while the editor is open. */
export const completeGlobals =
  (facts: () => CompletionFacts) =>
  (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/(?:[\w$]+\.)*[\w$]*/)
    const before = context.state.sliceDoc(Math.max(0, context.pos - 200), context.pos)
    const from = context.pos - (/[\w$]*$/.exec(before)?.[0].length ?? 0)
    const valid = { from, validFor: /^[\w$]*$/ }
    const path = word?.text.split('.').slice(0, -1) ?? []
    const [first, second] = path
    if (first === undefined) {
      if (/[.]\s*[\w$]*$/.test(before)) return { ...valid, options: methodsFor(facts()) }
      if (from === context.pos && !context.explicit) return null
      return { ...valid, options: globalsFor(facts()) }
    }
    if (first === 'req' && second === 'params' && path.length === 2) {
      const options = facts().params.map((label) => ({ label, type: 'property', detail: 'parameter' }))
      return { ...valid, options }
    }
    const known = Object.hasOwn(serviceGlobals, first) ? serviceGlobals[first] : undefined
    if (known?.members !== undefined && path.length === 1) return { ...valid, options: optionsOf(known.members) }
    return { ...valid, options: methodsFor(facts()) }
  }
