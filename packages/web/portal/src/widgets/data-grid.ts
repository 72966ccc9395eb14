/**
 * CrudgridWidget: rows in a grid, with search, sorting, pages and export; adding, changing, deleting and choosing a row give
 * it out by the setting of that name.
 */
import { type CellComponent, type ColumnDefinition, TabulatorFull as Tabulator } from 'tabulator-tables'
import 'tabulator-tables/dist/css/tabulator_simple.min.css'
import { element as make } from '../frame/dom.ts'
import { type Fields, flag, number, shown, text } from '../model/fields.ts'
import { type Column, columnsIn, editorFor, emptyNote, rowsIn } from './shared.ts'
import type { WidgetContext, WidgetKind } from './widget.ts'

export const dataGrid: WidgetKind = {
  show(context) {
    const { element, settings, read, whenGone, waiting } = context
    element.classList.add('gh-data-grid')
    const bar = make('div', { class: 'gh-toolbar' })
    const place = make('div')
    const note = emptyNote(waiting('gridData') || 'No data yet')
    element.append(bar, place, note)
    let table: Tabulator | undefined
    let columns: Column[] = []
    /** Stays when the grid is made anew, or gets other rows. */
    const search = { words: '' }
    read('gridData', (value) => {
      note.remove()
      const rows = rowsIn(value)
      const fresh = columnsIn(settings.editCells, rows)
      if (table !== undefined && names(fresh) === names(columns)) {
        void table.replaceData(rows).then(() => table && filterBy(table, columns, search.words))
        return
      }
      columns = fresh
      table?.destroy()
      table = makeTable(context, place, columns, rows)
      bar.replaceChildren(...tools(context, table, search, () => columns))
    })
    whenGone(() => table?.destroy())
  },
}

const names = (columns: readonly Column[]): string => JSON.stringify(columns.map(({ name }) => name))

function makeTable(context: WidgetContext, place: HTMLElement, columns: Column[], rows: Fields[]): Tabulator {
  const { settings, give } = context
  const sorts = flag(settings.enableSorting, true)
  const pageSize = Math.max(1, Math.min(1_000, number(settings.pageSize, 25)))
  const paged = rows.length > pageSize || !flag(settings.hidePaginationWhenNotNeeded, true)
  const changes = flag(settings.allowUpdate)
  const definitions: ColumnDefinition[] = columns.map((column) => ({
    title: column.label,
    // Names with dots are names, and no way into a row.
    field: column.name,
    headerSort: sorts,
    ...(changes && !column.readOnly && { editor: 'input' as const }),
    formatter: (cell: CellComponent) => cellOf(column, cell.getValue()),
  }))
  if (flag(settings.allowDelete)) {
    definitions.push({
      title: '',
      headerSort: false,
      width: 90,
      formatter: () =>
        make('button', { class: 'btn btn-sm btn-outline-danger', text: 'Delete', attributes: { type: 'button' } }),
      cellClick: (event, cell) => {
        event.stopPropagation()
        void give('deleteItemParser', cell.getRow().getData())
      },
    })
  }
  const table = new Tabulator(place, {
    data: rows,
    columns: definitions,
    layout: 'fitColumns',
    nestedFieldSeparator: false,
    placeholder: 'No rows',
    columnDefaults: { minWidth: 90 },
    // By its height too it would draw its rows again, as after a search, and take a button away that is just pressed.
    autoResize: false,
    ...(paged && { pagination: true, paginationSize: pageSize }),
  })
  redrawByWidth(context, place, table)
  table.on('cellEdited', (cell) => void give('updateItemParser', cell.getRow().getData()))
  if (flag(settings.allowHighlight)) {
    table.on('rowClick', (_event, row) => {
      for (const other of place.querySelectorAll('.gh-chosen')) other.classList.remove('gh-chosen')
      row.getElement().classList.add('gh-chosen')
      void give('highlightItemParser', row.getData())
    })
  }
  return table
}

function redrawByWidth({ whenGone }: WidgetContext, place: HTMLElement, table: Tabulator): void {
  let width = place.clientWidth
  let built = false
  table.on('tableBuilt', () => {
    built = true
  })
  const observer = new ResizeObserver(() => {
    if (place.clientWidth === width) return
    width = place.clientWidth
    if (built) table.redraw(true)
  })
  observer.observe(place)
  table.on('tableDestroyed', () => observer.disconnect())
  whenGone(() => observer.disconnect())
}

/** HTML is shown as such where the portal says so of a column; all else is text. */
function cellOf(column: Column, value: unknown): HTMLElement {
  const cell = make('span')
  if (column.inputType === 'HTML_STRING') cell.innerHTML = shown(value)
  else cell.textContent = shown(value)
  return cell
}

/** By what is shown: an id that nobody sees is not what people look for. */
function filterBy(table: Tabulator, columns: readonly Column[], words: string): void {
  const wanted = words.trim().toLowerCase()
  if (wanted === '') table.clearFilter(true)
  else table.setFilter((row: Fields) => columns.some(({ name }) => shown(row[name]).toLowerCase().includes(wanted)))
}

function tools(
  context: WidgetContext,
  table: Tabulator,
  search: { words: string },
  columns: () => Column[],
): HTMLElement[] {
  const { settings, give } = context
  const made: HTMLElement[] = []
  const button = (label: string, act: () => void): void => {
    const one = make('button', {
      class: 'btn btn-sm btn-outline-secondary',
      text: label,
      attributes: { type: 'button' },
    })
    one.addEventListener('click', act)
    made.push(one)
  }
  if (flag(settings.allowSearch) || flag(settings.showSearchBar)) {
    const words = text(settings.searchPlaceholderText, 'Search')
    const box = make('input', {
      class: 'form-control form-control-sm',
      attributes: { type: 'search', placeholder: words, 'aria-label': words },
    })
    box.value = search.words
    box.addEventListener('input', () => {
      search.words = box.value
      filterBy(table, columns(), search.words)
    })
    // What was typed while the grid was still being made did not reach it.
    table.on('tableBuilt', () => filterBy(table, columns(), search.words))
    made.push(box)
  }
  if (flag(settings.allowAdd)) button('Add', () => askForRow(context, columns()))
  if (flag(settings.allowExport)) {
    button('Export', () => {
      table.download('csv', 'rows.csv')
      void give('exportDataParser', table.getData())
    })
  }
  return made
}

function askForRow({ id, give }: WidgetContext, columns: Column[]): void {
  const editors = columns
    .filter(({ readOnly, name }) => !readOnly && name !== 'item_id')
    .map((column) => {
      const own = `${id}-new-${column.name}`
      const { box, read } = editorFor(column, undefined, own)
      const label = make('label', { text: column.label, attributes: { for: own } })
      return { column, read, field: make('div', { class: 'gh-field', children: [label, box] }) }
    })
  const add = make('button', { class: 'btn btn-primary', text: 'Add', attributes: { type: 'submit' } })
  const cancel = make('button', { class: 'btn btn-link', text: 'Cancel', attributes: { type: 'button' } })
  const form = make('form', { children: [...editors.map(({ field }) => field), add, cancel] })
  const dialog = make('dialog', { class: 'gh-modal', children: [form] })
  const close = (): void => {
    dialog.close()
    dialog.remove()
  }
  cancel.addEventListener('click', close)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    close()
    await give('addItemParser', Object.fromEntries(editors.map(({ column, read }) => [column.name, read()])))
  })
  document.body.append(dialog)
  dialog.showModal()
}
