/** The three lists: plain, with a box to filter by, and in groups. What is chosen is given out. */
import { element as make } from '../frame/dom.ts'
import { type Fields, fields, isObject, shown, text } from '../model/fields.ts'
import { safeColour } from '../model/theme.ts'
import { dataSetting, emptyNote, listIn } from './shared.ts'
import type { WidgetContext, WidgetKind } from './widget.ts'

type Entry = { label: string; item: unknown }
type Group = { title: string; entries: Entry[] }

/** More than this at once only slows the page down; the rest is found by filtering. */
const mostShown = 500

const listKind = (sort: 'plain' | 'filterable' | 'grouping'): WidgetKind => ({
  show(context) {
    const { element, settings, style, read } = context
    element.classList.add('gh-list')
    const title = text(settings.listTitle) || text(settings.title)
    const box = make('input', {
      class: 'form-control mb-2',
      attributes: { type: 'search', placeholder: 'Filter', 'aria-label': 'Filter' },
    })
    const body = make('div')
    if (title !== '') {
      const color = safeColour(text(style.titleColor), 'inherit')
      element.append(make('h3', { class: 'gh-widget-title', text: title, style: { color } }))
    }
    if (sort === 'filterable') element.append(box)
    element.append(body)
    let groups: Group[] = []
    const draw = () => drawGroups(context, body, groups, box.value.trim().toLowerCase())
    box.addEventListener('input', draw)
    read(dataSetting(settings, 'listSource'), (value) => {
      groups =
        sort === 'grouping' ? groupsIn(value, settings) : [{ title: '', entries: listIn(value).map(entryOf(settings)) }]
      draw()
    })
    if (groups.length === 0) draw()
  },
})

export const listWidget = listKind('plain')
export const filterableList = listKind('filterable')
export const groupingList = listKind('grouping')

const entryOf =
  (settings: Fields) =>
  (item: unknown): Entry => {
    const row = fields(item)
    const name = text(settings.displayColumn) || text(settings.labelColumn)
    return { label: isObject(item) ? shown(row[name] ?? row.label ?? row.name ?? row) : shown(item), item }
  }

/** As `[{label, items}]`, as `{group: [items]}`, or rows with the column to group by. */
function groupsIn(value: unknown, settings: Fields): Group[] {
  const entry = entryOf(settings)
  const rows = listIn(value)
  if (rows.length === 0 && isObject(value)) {
    return Object.entries(value).map(([title, held]) => ({ title, entries: listIn(held).map(entry) }))
  }
  const nested = (row: unknown): unknown =>
    isObject(row) ? (row.items ?? row.children ?? row.listItems ?? row.data) : undefined
  if (rows.some((row) => Array.isArray(nested(row)))) {
    return rows.map((row) => ({ title: entry(row).label, entries: listIn(nested(row)).map(entry) }))
  }
  const column = text(settings.groupingColumn) || text(settings.groupBy) || 'group'
  const groups = Map.groupBy(rows, (row) => shown(fields(row)[column]))
  return [...groups].map(([title, held]) => ({ title, entries: held.map(entry) }))
}

function drawGroups(
  { style, give, settings }: WidgetContext,
  body: HTMLElement,
  groups: Group[],
  wanted: string,
): void {
  const colours = {
    font: safeColour(text(style.fontColor), '#000000'),
    back: safeColour(text(style.listItemBackgroundColor), '#ffffff'),
    activeFont: safeColour(text(style.activeFontColor), '#000000'),
    activeBack: safeColour(text(style.activeItemBackgroundColor), '#6e8592'),
  }
  const buttons: HTMLButtonElement[] = []
  const paint = (button: HTMLButtonElement, active: boolean): void => {
    button.setAttribute('aria-pressed', String(active))
    button.style.color = active ? colours.activeFont : colours.font
    button.style.backgroundColor = active ? colours.activeBack : colours.back
  }
  const parts = groups.map(({ title, entries }) => {
    const shownEntries = entries.filter(({ label }) => label.toLowerCase().includes(wanted)).slice(0, mostShown)
    const items = shownEntries.map(({ label, item }) => {
      const button = make('button', {
        class: 'list-group-item list-group-item-action',
        text: label,
        attributes: { type: 'button' },
      })
      paint(button, false)
      buttons.push(button)
      button.addEventListener('click', () => {
        for (const other of buttons) paint(other, other === button)
        void give('eventTarget', item)
      })
      return button
    })
    const heading = title === '' ? undefined : make('h4', { class: 'gh-group', text: title })
    return make('div', { children: [heading, make('div', { class: 'list-group', children: items })] })
  })
  body.replaceChildren(...(buttons.length > 0 ? parts : [emptyNote(text(settings.noDataText, 'No data'))]))
}
