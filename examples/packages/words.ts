/** What is otherwise at each run (keys, secrets, ports, times, hashes, paths) and the fixed word for it in the transcript. */

export type Words = {
  /** From now on the word stands for the value. */
  learn(value: string, word: string): void
  /** Reads key and secret in what a command says of the system that it made; answers the key. */
  learnSystem(output: string, name: string): string
  /** The text with words for everything that was learned or looks like what never is the same. */
  apply(text: string): string
}

const patterns: [RegExp, string][] = [
  [/\bghu_[\w-]{43}/g, 'TOKEN'],
  [/\bghr_[\w-]{43}/g, 'REFRESH-TOKEN'],
  [/\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME'],
  [/(?<="expires_at":)\d+/g, 'TIME'],
  [/(?<="user_id":")\w+/g, 'USER-ID'],
  [/(?<="password": ")[\w-]{24}(?=")/g, 'PASSWORD'],
  // The last column of a table of new passwords.
  [/(?<=^\S+@\S+ +)[\w-]{24}$/gm, 'PASSWORD'],
]

/** Of contents and commits: whole, or as much of them as tables show. */
const hashes = /\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{12})\b/g

export function createWords(): Words {
  const known = new Map<string, string>()
  const numbers = new Map<string, number>()
  const hashWord = (hash: string): string => {
    const begin = hash.slice(0, 12)
    const number = numbers.get(begin) ?? numbers.size + 1
    numbers.set(begin, number)
    return `HASH-${number}`
  }
  return {
    learn: (value, word) => void known.set(value, word),
    learnSystem(output, name) {
      const key = /system_key"?:?\s+"?(\w+)/.exec(output)?.[1]
      const secret = /system_secret"?:?\s+"?(\w+)/.exec(output)?.[1]
      if (key === undefined || secret === undefined) throw new Error(`No key and secret of "${name}" were told.`)
      known.set(key, `KEY-OF-${name.toUpperCase()}`)
      known.set(secret, `SECRET-OF-${name.toUpperCase()}`)
      return key
    },
    apply(text) {
      const marks = createMarks()
      const longestFirst = [...known].sort(([one], [other]) => other.length - one.length)
      let marked = text
      for (const [value, word] of longestFirst) marked = marked.replaceAll(value, () => marks.of(value, word))
      for (const [pattern, word] of patterns) marked = marked.replace(pattern, (value) => marks.of(value, word))
      return marks.asWords(marked.replace(hashes, (hash) => marks.of(hash, hashWord(hash))))
    },
  }
}

/**
 * What is replaced is first marked, as long as it was: then it can be seen how wide each cell of a table is, and what
 * follows a cell is moved by as much as its word is shorter.
 */
function createMarks() {
  const words: string[] = []
  const firstMark = 0xe000
  return {
    of(value: string, word: string): string {
      words.push(word)
      return String.fromCharCode(firstMark + words.length - 1) + '\uf8ff'.repeat(value.length - 1)
    },
    asWords: (text: string): string =>
      text.replace(/((?:\S| (?! ))+)( {2,})?/g, (all: string, cell: string, gap?: string) => {
        const filled = cell.replace(/([\ue000-\uf8fe])\uf8ff*/g, (_, mark) => words[mark.charCodeAt(0) - firstMark]!)
        return gap === undefined ? filled : filled.padEnd(Math.max(all.length, filled.length + 2))
      }),
  }
}
