/** A portal as the editor has it: what of it is edited, how it is read, a fresh one, and one of the old type as one of today. */
import { type PortalModel, readModel } from '../../../../../portal/src/model/model.ts'
import { readOldConfig } from '../../../../../portal/src/model/old-format.ts'
import { type Config, isObject } from './config.ts'
import { addPage, homeId } from './pages.ts'
import { addPane } from './panes.ts'
import { addWidget } from './widgets.ts'

/** What a person edits; all else of a portal stays with the node. */
export type Work = { config: Config; description: string; type: string }

/** As the node answers it. `content_hash` names this state of it. */
export type Stored = {
  name: string
  description: string | null
  type: string
  config: string
  content_hash: string
}

/** Throws SyntaxError where the config is no JSON, which the node does not send. */
export function workOf({ config, description, type }: Pick<Stored, 'config' | 'description' | 'type'>): Work {
  const read: unknown = JSON.parse(config)
  return { config: isObject(read) ? read : {}, description: description ?? '', type }
}

/** As it is compared and sent: the same text for the same work. */
export const textOf = ({ config }: Pick<Work, 'config'>): string => JSON.stringify(config)

/** What changed since, to be sent; nothing where nothing did. */
export function changesSince(base: Work, now: Work): Record<string, unknown> {
  return {
    ...(textOf(now) !== textOf(base) && { config: textOf(now) }),
    ...(now.description !== base.description && { description: now.description }),
    ...(now.type !== base.type && { type: now.type }),
  }
}

export const isSame = (one: Work, other: Work): boolean =>
  one.description === other.description &&
  one.type === other.type &&
  (one.config === other.config || textOf(one) === textOf(other))

/** Read as the page of a portal reads it. */
export const modelOf = (name: string, { config }: Pick<Work, 'config'>): PortalModel => readModel({ name, config })

export const usualCols = { xl: 12, lg: 12, md: 10, sm: 6, xs: 4, xxs: 2 }

/** One page with a pane, and the name of the portal in the header. */
export function freshConfig(newId: () => string): Config {
  const start: Config = {
    cols: usualCols,
    pages: {},
    panes: {},
    widgets: {},
    datasources: {},
    externalScripts: [],
    internalResources: {},
    paneLayouts: {},
    paneGridWidgetLayouts: {},
    headerWidgetLayout: {},
    flyoutWidgetLayout: {},
    theme: {},
  }
  const title = {
    id: newId(),
    type: 'TEXT_WIDGET_COMPONENT',
    props: { textContent: { dataType: 'CALCULATED_DATA_TYPE', value: 'return portalTitle' }, fontSize: 18 },
    size: { w: 6, h: 1 },
  }
  const withPage = addPage(start, { id: homeId, name: 'Home' })
  const withPane = addPane(withPage, { id: newId(), tab: newId(), page: homeId, title: 'Welcome' }, usualCols)
  return addWidget(withPane, { kind: 'header' }, title, usualCols)
}

/** What of the old shape has no place in today's stays beside it. */
export const renewed = (work: Work): Work => ({
  ...work,
  type: 'custom_v2',
  config: { ...work.config, ...readOldConfig(work.config) },
})
