/** What every part of the editor works with: the portal as it stands, and the way to change it. */
import { breakpointAt } from '../../../../portal/src/model/layout.ts'
import type { PortalModel } from '../../../../portal/src/model/model.ts'
import type { Config } from './model/config.ts'
import { type Breakpoint, type Grid, type Layouts, placesAt } from './model/places.ts'
import type { Work } from './model/portal.ts'

export type Editor = {
  systemKey: string
  name: string
  work: Work
  model: PortalModel
  /** Steps with the same `joins` one after the other are undone together. */
  edit: (make: (config: Config) => Config, joins?: string) => void
  editWork: (make: (work: Work) => Work, joins?: string) => void
}

/** The part of a portal that is laid out: a page, or one of those that all pages share. */
export type Area = Exclude<Grid, { kind: 'tab' }>

export type Chosen = { kind: 'pane' | 'widget'; id: string } | undefined

export const newId = (): string => crypto.randomUUID()

/** Widths in pixels that stand for a breakpoint: of the window, less what the page keeps free at its sides. */
export const contentWidths: Record<Breakpoint, number> = { xl: 1648, lg: 1368, md: 1048, sm: 868, xs: 608, xxs: 358 }

/** A grid and the width that it is laid out for, as one word in the page. */
export const nameOf = (grid: Grid, at: Breakpoint): string => `${at}:${grid.kind}:${'id' in grid ? grid.id : ''}`

export function gridNamed(name: string): { grid: Grid; at: Breakpoint } {
  const [at, kind, ...id] = name.split(':')
  const grid = kind === 'header' || kind === 'flyout' ? { kind } : { kind, id: id.join(':') }
  return { grid: grid as Grid, at: at as Breakpoint }
}

export function layoutsOf({ model }: Pick<Editor, 'model'>, grid: Grid): Layouts {
  switch (grid.kind) {
    case 'page':
      return model.paneLayouts.get(grid.id) ?? {}
    case 'tab':
      return model.tabLayouts.get(grid.id) ?? {}
    case 'modal':
      return model.modalLayouts.get(grid.id) ?? {}
    case 'header':
      return model.headerLayout
    default:
      return model.flyoutLayout
  }
}

/** Headers have columns of a few pixels in portals of some age, whatever those of their panes are. */
export function colsOf({ model }: Pick<Editor, 'model'>, grid: Grid): PortalModel['cols'] {
  if (grid.kind !== 'header') return model.cols
  const extent = Math.max(0, ...Object.values(model.headerLayout).flatMap((places) => places.map(({ x, w }) => x + w)))
  return extent > 24 ? { xl: 480, lg: 400, md: 332, sm: 256, xs: 160, xxs: 110 } : model.cols
}

/** What a pane has at its sides, in pixels of the page of a portal. */
const paneSides = 34

/**
 * The breakpoint of a grid, where its page is shown at one. What is in a pane is laid out by the width of the pane, as the
 * page of a portal does it.
 */
export function breakpointOf(editor: Pick<Editor, 'model'>, grid: Grid, page: Breakpoint): Breakpoint {
  if (grid.kind !== 'tab') return page
  const { panes, cols } = editor.model
  const pane = panes.find(({ tabs }) => tabs.some(({ id }) => id === grid.id))
  if (pane === undefined) return page
  const ids = panes.filter(({ pageId, hiddenAt }) => pageId === pane.pageId && !hiddenAt.has(page)).map(({ id }) => id)
  const places = placesAt(layoutsOf(editor, { kind: 'page', id: pane.pageId }), page, ids, cols)
  const place = places.find(({ i }) => i === pane.id)
  if (place === undefined) return page
  return breakpointAt(Math.max(0, (contentWidths[page] * place.w) / cols[page] - paneSides))
}
