/** The page, or another area, as it is laid out at one width: panes with their widgets, dragged to where they shall be. */
import { Text, VisuallyHidden } from '@mantine/core'
import type { Pane } from '../../../../portal/src/model/model.ts'
import { tellDone } from '../../frame/tell.ts'
import {
  type Area,
  breakpointOf,
  type Chosen,
  colsOf,
  contentWidths,
  type Editor,
  gridNamed,
  layoutsOf,
  nameOf,
} from './editor.ts'
import { Corner, GridBox, type Hold, placeWords } from './grid.tsx'
import { hintOf, labelOf } from './model/kind-of.ts'
import { removePane } from './model/panes.ts'
import { arrange, type Breakpoint, type Grid, type Place, placesAt, writePlaces } from './model/places.ts'
import { rowTops } from './model/rows.ts'
import { moveWidget, removeWidget } from './model/widgets.ts'
import classes from './portal-editor.module.css'

/** Heights of rows with the gap below, about three quarters of what the page of a portal has. */
const paneRow = 60
const widgetRow = 17
const headerRow = 40
const gap = 6

export type CanvasProps = {
  editor: Editor
  area: Area
  breakpoint: Breakpoint
  chosen: Chosen
  onChoose: (chosen: Chosen) => void
  /** The tab that is open in a pane. */
  tabs: ReadonlyMap<string, string>
  onTab: (pane: string, tab: string) => void
}

export function Canvas(props: CanvasProps) {
  const { area, breakpoint } = props
  const width = contentWidths[breakpoint]
  return (
    <div className={classes.canvas}>
      <div style={{ maxWidth: width, minWidth: 260, marginInline: 'auto' }}>
        {area.kind === 'page' ? (
          <PageGrid {...props} page={area.id} />
        ) : (
          <WidgetGrid {...props} grid={area} at={breakpoint} />
        )}
      </div>
    </div>
  )
}

function PageGrid({ page, ...props }: CanvasProps & { page: string }) {
  const { editor, breakpoint, onChoose, tabs } = props
  const grid: Grid = { kind: 'page', id: page }
  const panes = editor.model.panes.filter(({ pageId, hiddenAt }) => pageId === page && !hiddenAt.has(breakpoint))
  const { cols } = editor.model
  const ids = panes.map(({ id }) => id)
  const places = placesAt(layoutsOf(editor, grid), breakpoint, ids, cols)
  return (
    <GridBox
      name=""
      places={places}
      cols={cols[breakpoint]}
      row={paneRow}
      gap={gap}
      least={(id) => paneHeight(editor, panes.find((pane) => pane.id === id)!, tabs, breakpoint)}
      empty="No pane stands on this page at this width. Press Pane to put one on it."
      onPlaces={(made) => editor.edit((config) => writePlaces(config, grid, breakpoint, made))}
      onRemove={(id) => {
        onChoose(undefined)
        editor.edit((config) => removePane(config, id))
        tellDone('The pane is deleted, and what was in it. Undo brings it back.')
      }}
    >
      {(id, hold) => {
        const pane = panes.find((one) => one.id === id)
        const place = places.find(({ i }) => i === id)
        if (pane === undefined || place === undefined) return null
        return <PaneBox {...props} pane={pane} place={place} hold={hold} />
      }}
    </GridBox>
  )
}

const openTab = (pane: Pane, tabs: CanvasProps['tabs']): string =>
  pane.tabs.find(({ id }) => id === tabs.get(pane.id))?.id ?? pane.activeTab

/** What a pane takes so that all of the tab that is open in it is seen: title, tabs, and rows down to the last widget. */
function paneHeight(editor: Editor, pane: Pane, tabs: CanvasProps['tabs'], breakpoint: Breakpoint): number {
  const grid: Grid = { kind: 'tab', id: openTab(pane, tabs) }
  const at = breakpointOf(editor, grid, breakpoint)
  const { cols } = editor.model
  const ids = widgetsIn(editor, grid).map(({ id }) => id)
  const row = cols[at] > 24 ? (widgetRow * 24) / cols[at] : widgetRow
  const tops = rowTops(placesAt(layoutsOf(editor, grid), at, ids, cols), row, gap, () => 12)
  return 46 + (pane.tabs.length > 1 ? 30 : 0) + tops.at(-1)!
}

/** How a pane is called where it has no title. */
export const paneName = ({ title }: Pick<Pane, 'title'>): string =>
  title.trim() === '' ? 'Pane without a title' : title

type PaneProps = CanvasProps & { pane: Pane; place: Place; hold: Hold }

function PaneBox({ pane, place, hold, ...props }: PaneProps) {
  const { chosen, onChoose, tabs, onTab } = props
  const isChosen = chosen?.kind === 'pane' && chosen.id === pane.id
  const open = openTab(pane, tabs)
  const at = breakpointOf(props.editor, { kind: 'tab', id: open }, props.breakpoint)
  return (
    <section className={classes.pane} aria-label={paneName(pane)} {...(isChosen && { 'data-chosen': '' })}>
      <button
        type="button"
        className={classes.grip}
        aria-pressed={isChosen}
        onClick={() => onChoose({ kind: 'pane', id: pane.id })}
        {...hold}
      >
        <span className={classes.name}>{paneName(pane)}</span>
        <VisuallyHidden>, pane, {placeWords(place)}</VisuallyHidden>
        {at !== props.breakpoint && (
          <Text span size="xs" c="dimmed" aria-hidden title="What is in it is laid out for its own width">
            {at}
          </Text>
        )}
      </button>
      {pane.tabs.length > 1 && (
        <div className={classes.tabs}>
          {pane.tabs.map(({ id, title }, index) => (
            <button
              key={id}
              type="button"
              className={classes.tab}
              aria-pressed={id === open}
              onClick={() => onTab(pane.id, id)}
            >
              {title || `Tab ${index + 1}`}
            </button>
          ))}
        </div>
      )}
      <div className={classes.body}>
        {open !== '' && <WidgetGrid {...props} grid={{ kind: 'tab', id: open }} at={at} />}
      </div>
      <PaneCorner hold={hold} />
    </section>
  )
}

/** Beside the button that holds the pane, so that it can be taken hold of by itself. */
const PaneCorner = ({ hold: { onKeyDown: _keys, ...hold } }: { hold: Hold }) => (
  <span {...hold} style={{ position: 'absolute', right: 0, bottom: 0, width: 18, height: 18 }}>
    <Corner />
  </span>
)

const emptyWords: Record<Grid['kind'], string> = {
  page: '',
  tab: 'Nothing in it yet',
  modal: 'Nothing in it yet. Press Widget to put something into it.',
  header: 'The header is empty. Press Widget to put something into it.',
  flyout: 'The flyout is empty. Press Widget to put something into it.',
}

type WidgetGridProps = CanvasProps & { grid: Grid; at: Breakpoint }

function WidgetGrid({ grid, at, ...props }: WidgetGridProps) {
  const { editor, chosen, onChoose } = props
  const widgets = widgetsIn(editor, grid)
  const cols = colsOf(editor, grid)
  const ids = widgets.map(({ id }) => id)
  const places = placesAt(layoutsOf(editor, grid), at, ids, cols)
  return (
    <GridBox
      name={nameOf(grid, at)}
      places={places}
      cols={cols[at]}
      row={grid.kind === 'header' ? headerRow : widgetRow}
      gap={gap}
      least={() => (grid.kind === 'header' ? headerRow - gap : 12)}
      empty={emptyWords[grid.kind]}
      onPlaces={(made) => editor.edit((config) => writePlaces(config, grid, at, made))}
      onRemove={(id) => {
        onChoose(undefined)
        editor.edit((config) => removeWidget(config, id))
        tellDone('The widget is deleted. Undo brings it back.')
      }}
      onLeave={(id, name, point) => {
        const { w, h } = places.find(({ i }) => i === id)!
        const size = { w: Math.max(1, Math.round((w / cols[at]) * 12)), h: Math.max(1, Math.round(h)) }
        take(editor, { id, size }, gridNamed(name), point)
      }}
    >
      {(id, hold, height) => {
        const widget = widgets.find((one) => one.id === id)
        if (widget === undefined) return null
        const isChosen = chosen?.kind === 'widget' && chosen.id === id
        const hint = hintOf(widget.props)
        const place = places.find(({ i }) => i === id)!
        return (
          <button
            type="button"
            className={classes.widget}
            aria-pressed={isChosen}
            {...(isChosen && { 'data-chosen': '' })}
            {...(height < 40 && { 'data-flat': '' })}
            onClick={() => onChoose({ kind: 'widget', id })}
            {...hold}
          >
            <span className={classes.kind}>{labelOf(widget.type)}</span>
            {hint !== '' && <span className={classes.hint}>{hint}</span>}
            <VisuallyHidden>, widget, {placeWords(place)}</VisuallyHidden>
            <Corner />
          </button>
        )
      }}
    </GridBox>
  )
}

export const widgetsIn = ({ model }: Pick<Editor, 'model'>, grid: Grid) => {
  const tab = grid.kind === 'header' ? 'HEADER' : 'id' in grid ? grid.id : undefined
  return model.widgets.filter((widget) => widget.tab === tab)
}

type Taken = { id: string; size: { w: number; h: number } }

/** A widget that was let go over another grid, at that point of it: `x` as a share of its width, `y` in pixels. */
function take(
  editor: Editor,
  { id, size }: Taken,
  { grid, at }: { grid: Grid; at: Breakpoint },
  point: { x: number; y: number },
): void {
  const cols = colsOf(editor, grid)
  const count = cols[at]
  const places = placesAt(
    layoutsOf(editor, grid),
    at,
    widgetsIn(editor, grid).map((widget) => widget.id),
    cols,
  )
  const row = (grid.kind === 'header' ? headerRow : widgetRow) * (count > 24 ? 24 / count : 1)
  const place = {
    i: id,
    w: Math.max(1, Math.round((size.w / 12) * count)),
    h: size.h,
    x: Math.floor(point.x * count),
    y: Math.floor(point.y / row),
  }
  editor.edit((config) =>
    writePlaces(moveWidget(config, id, grid, size, cols), grid, at, arrange([...places, place], place, count)),
  )
}
