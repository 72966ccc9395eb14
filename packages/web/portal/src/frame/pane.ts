/** A pane with its header, its tabs, and the widgets of the tab that is shown. */
import type { Pane, Widget } from '../model/model.ts'
import { paneColours } from '../model/theme.ts'
import { element } from './dom.ts'
import { layOut } from './grid.ts'
import type { PortalMeans } from './means.ts'
import { showWidget } from './show-widget.ts'

export type Shown = { element: HTMLElement; remove(): void }

const widgetRow = 14
const widgetGap = 8

export function showPane(means: PortalMeans, pane: Pane): Shown {
  const colours = paneColours(means.model.theme, pane.theme)
  const body = element('div', { class: 'gh-pane-body' })
  const header = pane.headerHidden
    ? undefined
    : element('div', {
        class: `gh-pane-header${pane.title === '' ? ' gh-untitled' : ''}`,
        style: { backgroundColor: colours.header, color: colours.headerText },
        children: [element('h2', { text: pane.title })],
      })
  const shown = element('section', {
    class: `gh-pane${pane.bordersHidden ? ' gh-borderless' : ''}`,
    attributes: { 'data-pane': pane.id, ...(pane.customId !== '' && { id: pane.customId }) },
    style: { backgroundColor: colours.body },
  })
  if (header !== undefined) shown.append(header)
  let current: (() => void) | undefined
  const showTab = (id: string): void => {
    current?.()
    body.replaceChildren()
    const grid = element('div')
    body.append(grid)
    current = showWidgets(
      means,
      means.model.widgets.filter(({ tab }) => tab === id),
      grid,
      id,
    )
  }
  if (pane.tabbed && pane.tabs.length > 0) {
    const buttons = pane.tabs.map(({ id, title }, index) => {
      const button = element('button', {
        class: 'gh-tab',
        text: title || `Tab ${index + 1}`,
        attributes: { type: 'button', role: 'tab' },
        style: { color: colours.tabText },
      })
      button.addEventListener('click', () => choose(id))
      return { id, button }
    })
    const choose = (wanted: string): void => {
      for (const { id, button } of buttons) {
        button.setAttribute('aria-selected', String(id === wanted))
        button.style.borderBottomColor = id === wanted ? colours.line : 'transparent'
      }
      showTab(wanted)
    }
    shown.append(
      element('div', {
        class: 'gh-tabs',
        attributes: { role: 'tablist' },
        style: { backgroundColor: colours.tabs },
        children: buttons.map(({ button }) => button),
      }),
    )
    shown.append(body)
    choose(pane.activeTab)
  } else {
    shown.append(body)
    showTab(pane.activeTab)
  }
  return {
    element: shown,
    remove() {
      current?.()
      shown.remove()
    },
  }
}

/** Shows widgets in a grid; answers what takes them away. */
export function showWidgets(
  means: PortalMeans,
  widgets: readonly Widget[],
  grid: HTMLElement,
  tab: string,
): () => void {
  const items = widgets.map((widget) => ({
    id: widget.id,
    ...showWidget(means, widget, () => means.scripts(widget.scripts)),
  }))
  grid.append(...items.map((item) => item.element))
  const layouts = means.model.tabLayouts.get(tab) ?? means.model.modalLayouts.get(tab) ?? {}
  const end = layOut(grid, items, {
    layouts,
    cols: means.model.cols,
    rowHeight: widgetRow,
    gap: widgetGap,
    stretch: true,
  })
  return () => {
    end()
    for (const item of items) item.remove()
  }
}
