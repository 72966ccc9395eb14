/** The whole page of a portal: header, flyout, the page that is shown, modals. Which page that is, the address says. */
import { breakpointAt } from '../model/layout.ts'
import { headerTab, type Page, type Widget } from '../model/model.ts'
import { findPage, pathOf } from '../model/pages.ts'
import { paneColours, portalColours } from '../model/theme.ts'
import { element } from './dom.ts'
import { layOut } from './grid.ts'
import type { PortalMeans } from './means.ts'
import { createModals, type Modals } from './modals.ts'
import { type Shown, showPane } from './pane.ts'
import { showWidget } from './show-widget.ts'

const paneRow = 64
const paneGap = 16

export type PortalFrame = {
  selectPage(path: string): void
  toggleFlyout(): void
  modals: Modals
}

export type Account = { email: string; signOut: () => void } | undefined

export function showPortal(root: HTMLElement, means: PortalMeans, account: Account): PortalFrame {
  const { model } = means
  const colours = portalColours(model.theme)
  document.title = model.name
  document.body.style.backgroundColor = colours.background
  const main = element('main', { class: 'gh-main' })
  const flyoutWidgets = model.widgets.filter(({ id, tab }) => tab === undefined && isPlaced(means, id))
  const flyout = showFlyout(means, flyoutWidgets, account)
  const header = showHeader(means, flyout === undefined ? undefined : () => toggleFlyout())
  root.replaceChildren(...[header, flyout, main].filter((part) => part !== undefined))

  function toggleFlyout(): void {
    flyout?.classList.toggle('gh-open')
  }
  // Beside it, and with Escape, it closes again; its button may be under it.
  let wasOpen = false
  main.addEventListener('click', () => (wasOpen = flyout?.classList.contains('gh-open') === true), { capture: true })
  // What is clicked may open it: only one that was open before is closed.
  main.addEventListener('click', () => wasOpen && flyout?.classList.remove('gh-open'))
  window.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') flyout?.classList.remove('gh-open')
  })

  let shown: { page: Page | undefined; parts: Shown[]; end: () => void } | undefined
  const show = (page: Page | undefined, path: string): void => {
    shown?.end()
    for (const part of shown?.parts ?? []) part.remove()
    main.replaceChildren()
    flyout?.classList.remove('gh-open')
    if (page === undefined) {
      main.append(element('p', { class: 'gh-nothing', text: `This portal has no page ${readable(path)}.` }))
      shown = { page, parts: [], end: () => {} }
      return
    }
    const panes = model.panes.filter(({ pageId }) => pageId === page.id)
    const parts = panes.map((pane) => ({ pane, ...showPane(means, pane) }))
    const grid = element('div', { children: parts.map((part) => part.element) })
    main.append(grid)
    const end = layOut(
      grid,
      parts.map(({ pane, element: own }) => ({ id: pane.id, element: own, hiddenAt: pane.hiddenAt })),
      { layouts: model.paneLayouts.get(page.id) ?? {}, cols: model.cols, rowHeight: paneRow, gap: paneGap },
    )
    shown = { page, parts, end }
  }
  const showAddress = (): void => {
    const path = location.hash.replace(/^#/, '')
    const page = findPage(model.pages, path)
    if (shown === undefined || page === undefined || page !== shown.page) show(page, path)
  }
  window.addEventListener('hashchange', showAddress)
  showAddress()
  return {
    selectPage(path) {
      const page = findPage(model.pages, String(path))
      const address = page === undefined ? String(path) : pathOf(model.pages, page)
      // Its own event comes later and finds the page shown already.
      location.hash = `#${address}`
      show(page, address)
    },
    toggleFlyout,
    modals: createModals(means),
  }
}

/** An address may hold anything. */
function readable(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const isPlaced = ({ model }: PortalMeans, id: string): boolean =>
  Object.values(model.flyoutLayout).some((places) => places.some(({ i }) => i === id))

function showHeader(means: PortalMeans, toggle: (() => void) | undefined): HTMLElement | undefined {
  const { model } = means
  const widgets = model.widgets.filter(({ tab }) => tab === headerTab)
  if (widgets.length === 0 && toggle === undefined) return undefined
  const colours = portalColours(model.theme)
  const items = widgets.map((widget) => ({
    id: widget.id,
    ...showWidget(means, widget, () => means.scripts(widget.scripts)),
  }))
  const burger = element('button', {
    class: 'gh-burger',
    text: '☰',
    attributes: { type: 'button', 'aria-label': 'Menu' },
    style: { color: colours.headerText },
  })
  burger.addEventListener('click', () => toggle?.())
  const row = element('div', { class: 'gh-header-row', children: items.map((item) => item.element) })
  const header = element('header', {
    class: 'gh-header',
    style: { backgroundColor: colours.header, color: colours.headerText },
    children: [toggle === undefined ? undefined : burger, row],
  })
  // Headers of all portals are laid out in columns of a few pixels, whatever those of their panes are.
  const extent = Math.max(0, ...Object.values(model.headerLayout).flatMap((places) => places.map(({ x, w }) => x + w)))
  const cols = extent > 24 ? { xl: 480, lg: 400, md: 332, sm: 256, xs: 160, xxs: 110 } : model.cols
  const wide = (): boolean => !['xs', 'xxs'].includes(breakpointAt(window.innerWidth))
  let end: (() => void) | undefined
  const arrange = (): void => {
    if (wide() === (end !== undefined)) return
    if (end === undefined) {
      end = layOut(row, items, { layouts: model.headerLayout, cols, rowHeight: 32, gap: 0 })
      return
    }
    end()
    end = undefined
    row.classList.remove('gh-grid')
  }
  window.addEventListener('resize', arrange)
  arrange()
  return header
}

function showFlyout(means: PortalMeans, widgets: readonly Widget[], account: Account): HTMLElement | undefined {
  if (widgets.length === 0 && account === undefined) return undefined
  const colours = paneColours(means.model.theme, 'flyout')
  const parts = widgets.map((widget) => showWidget(means, widget, () => means.scripts(widget.scripts)).element)
  const flyout = element('aside', {
    class: 'gh-flyout',
    style: { backgroundColor: colours.body },
    children: parts,
  })
  if (account !== undefined) {
    const out = element('button', {
      class: 'btn btn-outline-secondary btn-sm',
      text: 'Sign out',
      attributes: { type: 'button' },
    })
    out.addEventListener('click', account.signOut)
    flyout.append(
      element('div', {
        class: 'gh-account',
        children: [element('div', { text: `Signed in as ${account.email}` }), out],
      }),
    )
  }
  return flyout
}
