/** Finding the page that an address or `selectPage` names: without regard to case, `/` for the first, `Parent/Child` for nested ones. */
import type { Page } from './model.ts'

/** The first page is the one with the id Home, wherever it stands. */
export const homePage = (pages: readonly Page[]): Page => pages.find(({ id }) => id === 'Home') ?? pages[0]!

export function findPage(pages: readonly Page[], path: string): Page | undefined {
  const names = path
    .replace(/^#/, '')
    .split('?')[0]!
    .split('/')
    .map(decoded)
    .filter((name) => name !== '')
  if (names.length === 0) return homePage(pages)
  const [first, ...rest] = names
  const starts = [
    ...pages.filter((page) => isNamed(page, first!) && !page.isChild),
    ...pages.filter((page) => isNamed(page, first!)),
  ]
  for (const start of starts) {
    const found = rest.reduce<Page | undefined>((page, name) => page && childOf(pages, page, name), start)
    if (found !== undefined) return found
  }
  return undefined
}

const childOf = (pages: readonly Page[], { children }: Page, name: string): Page | undefined => {
  const own = pages.filter(({ id }) => children.includes(id))
  return own.find((page) => isNamed(page, name)) ?? own.find(({ isParam }) => isParam)
}

const isNamed = ({ name, id }: Page, wanted: string): boolean =>
  [name, id].some((own) => own.trim().toLowerCase() === wanted.trim().toLowerCase())

/** The address of a page, with the page above it before it. */
export function pathOf(pages: readonly Page[], page: Page): string {
  if (page === homePage(pages)) return '/'
  const parent = page.isChild ? pages.find(({ children }) => children.includes(page.id)) : undefined
  return `/${parent === undefined ? '' : `${encodeURIComponent(parent.name)}/`}${encodeURIComponent(page.name)}`
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
