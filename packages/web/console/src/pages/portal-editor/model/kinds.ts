/**
 * The kinds of widgets that can be put on a portal, and which of their settings have a box of their own; all others are
 * edited as JSON. What each does stands in `packages/web/portal/src/widgets`.
 */
import type { Fields } from './config.ts'
import { emptyHtml, sources } from './widgets.ts'

/**
 * `data` comes from a source, `out` gives something to one, `html` are the three parts of an HTML widget; the rest are plain
 * values. `flag` may be on where nothing is set.
 */
export type Setting =
  | { name: string; label: string; kind: 'data' | 'out' | 'html' | 'text' | 'number' | 'colour' | 'json' }
  | { name: string; label: string; kind: 'flag'; usually: boolean }
  | { name: string; label: string; kind: 'choice'; choices: readonly string[] }

export type Kind = {
  type: string
  label: string
  /** In cells of 12 columns, as it is put down. */
  size: { w: number; h: number }
  settings: readonly Setting[]
  props: Fields
}

type Plain = 'data' | 'out' | 'html' | 'text' | 'number' | 'colour' | 'json'

const of =
  (kind: Plain) =>
  (name: string, label: string): Setting => ({ name, label, kind })
const data = of('data')
const out = of('out')
const text = of('text')
const number = of('number')
const colour = of('colour')
const json = of('json')
const flag = (name: string, label: string, usually = false): Setting => ({ name, label, kind: 'flag', usually })

const fixed = (value: unknown) => ({ dataType: sources.static, value })
const given = (value: unknown) => ({ dataType: sources.calculated, value: `return ${JSON.stringify(value)}` })
const passedOn = {
  dataType: sources.dynamic,
  id: '',
  outgoing_parser: { isDebugOn: false, value: 'return this.widget' },
}

const chart = [
  text('xAxisDataKey', 'Name of the values along the bottom'),
  flag('showLegend', 'Legend', true),
  flag('showGrid', 'Grid', true),
  flag('showTooltip', 'Values under the pointer', true),
]
const gauge = [data('value', 'Value'), number('min', 'From'), number('max', 'To'), text('label', 'Label')]
const list = [
  data('listSource', 'Entries'),
  text('listTitle', 'Title'),
  text('displayColumn', 'Column that is shown'),
  out('eventTarget', 'When an entry is chosen'),
]

const points = [
  { time: '8:00', value: 3 },
  { time: '9:00', value: 7 },
  { time: '10:00', value: 5 },
]

export const kinds: readonly Kind[] = [
  {
    type: 'TEXT_WIDGET_COMPONENT',
    label: 'Text',
    size: { w: 12, h: 3 },
    props: { textContent: fixed('Text'), fontSize: 18 },
    settings: [
      data('textContent', 'Text'),
      number('fontSize', 'Size in pixels'),
      colour('fontColor', 'Colour'),
      text('fontFamily', 'Font'),
    ],
  },
  {
    type: 'HTML_WIDGET_COMPONENT',
    label: 'HTML',
    size: { w: 12, h: 8 },
    props: { html: fixed({ ...emptyHtml, HTML: '<p>HTML</p>' }) },
    settings: [{ name: 'html', label: 'Content', kind: 'html' }],
  },
  {
    type: 'BUTTON_WIDGET_COMPONENT',
    label: 'Button',
    size: { w: 4, h: 3 },
    props: { label: 'Button', eventTarget: passedOn },
    settings: [
      text('label', 'Label'),
      out('eventTarget', 'When it is pressed'),
      colour('backgroundColor', 'Background'),
      colour('fontColor', 'Colour'),
      colour('borderColor', 'Border'),
    ],
  },
  {
    type: 'FORM_WIDGET_COMPONENT',
    label: 'Form',
    size: { w: 12, h: 12 },
    props: {
      listTitle: '',
      listSource: fixed([]),
      editColumns: { name: { name: 'name', dataType: 'string', display: true, orderIdx: 0 } },
      eventTarget: passedOn,
    },
    settings: [
      text('listTitle', 'Title'),
      data('listSource', 'Row that is edited'),
      json('editColumns', 'Fields'),
      out('eventTarget', 'When it is submitted'),
      text('submitText', 'Label of the button'),
      flag('isReadOnly', 'Only to be read'),
    ],
  },
  {
    type: 'INPUT_WIDGET_COMPONENT',
    label: 'Input',
    size: { w: 6, h: 4 },
    props: { label: 'Input', inputType: 'text', inputVal: fixed(''), target: passedOn },
    settings: [
      text('label', 'Label'),
      {
        ...{ name: 'inputType', label: 'Sort', kind: 'choice' },
        choices: ['text', 'number', 'password', 'email', 'date', 'time', 'color', 'range', 'url', 'tel', 'search'],
      },
      text('placeholder', 'Shown while it is empty'),
      data('inputVal', 'Value'),
      out('target', 'When it is changed'),
    ],
  },
  {
    type: 'TOGGLE_WIDGET',
    label: 'Toggle',
    size: { w: 4, h: 3 },
    props: { label: 'On', toggleState: fixed(false), eventTarget: passedOn },
    settings: [
      text('label', 'Label'),
      data('toggleState', 'State'),
      out('eventTarget', 'When it is switched'),
      colour('onColor', 'Colour when it is on'),
    ],
  },
  {
    type: 'CrudgridWidget',
    label: 'Data grid',
    size: { w: 12, h: 16 },
    props: { gridData: given([{ name: 'pump', state: 'on' }]), editCells: {}, enableSorting: true, pageSize: 25 },
    settings: [
      data('gridData', 'Rows'),
      json('editCells', 'Columns'),
      number('pageSize', 'Rows on a page'),
      flag('enableSorting', 'Sorting', true),
      flag('allowSearch', 'Search'),
      flag('allowExport', 'Export'),
      flag('allowAdd', 'Adding'),
      out('addItemParser', 'When a row is added'),
      flag('allowUpdate', 'Changing'),
      out('updateItemParser', 'When a row is changed'),
      flag('allowDelete', 'Deleting'),
      out('deleteItemParser', 'When a row is deleted'),
      flag('allowHighlight', 'Choosing'),
      out('highlightItemParser', 'When a row is chosen'),
    ],
  },
  {
    type: 'LIST_WIDGET_COMPONENT',
    label: 'List',
    size: { w: 6, h: 10 },
    props: { listSource: given(['one', 'two']), eventTarget: passedOn },
    settings: list,
  },
  {
    type: 'FILTERABLE_LIST_WIDGET_COMPONENT',
    label: 'List with a filter',
    size: { w: 6, h: 10 },
    props: { listSource: given(['one', 'two']), eventTarget: passedOn },
    settings: list,
  },
  {
    type: 'GROUPING_LIST_WIDGET_COMPONENT',
    label: 'List in groups',
    size: { w: 6, h: 10 },
    props: { listSource: given({ north: ['one'], south: ['two'] }), eventTarget: passedOn },
    settings: [...list, text('groupingColumn', 'Column to group by')],
  },
  {
    type: 'LINE_CHART_WIDGET_COMPONENT',
    label: 'Line chart',
    size: { w: 12, h: 14 },
    props: { chartData: given(points), xAxisDataKey: 'time', lines: [{ dataKey: 'value' }] },
    settings: [
      data('chartData', 'Data'),
      json('lines', 'Lines'),
      ...chart,
      flag('showDots', 'Dots', true),
      flag('showBrush', 'Part to be chosen'),
    ],
  },
  {
    type: 'BAR_CHART_WIDGET_COMPONENT',
    label: 'Bar chart',
    size: { w: 12, h: 14 },
    props: { chartData: given(points), xAxisDataKey: 'time', bars: [{ dataKey: 'value' }] },
    settings: [data('chartData', 'Data'), json('bars', 'Bars'), ...chart],
  },
  {
    type: 'PIE_CHART_WIDGET_COMPONENT',
    label: 'Pie chart',
    size: { w: 6, h: 14 },
    props: { chartData: given(points), nameKey: 'time', dataKey: 'value' },
    settings: [
      data('chartData', 'Data'),
      text('nameKey', 'Name of the names'),
      text('dataKey', 'Name of the values'),
      flag('isDoughnut', 'With a hole'),
      flag('showLegend', 'Legend', true),
    ],
  },
  {
    type: 'CB_SCATTER_PLOT',
    label: 'Scatter chart',
    size: { w: 6, h: 14 },
    props: { chartData: given([{ x: 1, y: 2 }]) },
    settings: [
      data('chartData', 'Data'),
      text('xAxisDataKey', 'Name of the values along the bottom'),
      text('yAxisDataKey', 'Name of the values along the side'),
    ],
  },
  { type: 'SPEEDOMETER_WIDGET', label: 'Speedometer', size: { w: 6, h: 12 }, props: gaugeProps(), settings: gauge },
  {
    type: 'RADIAL_GAUGE_WIDGET_COMPONENT',
    label: 'Radial gauge',
    size: { w: 6, h: 12 },
    props: gaugeProps(),
    settings: [...gauge, colour('progressColor', 'Colour')],
  },
  {
    type: 'JsonEditorWidget',
    label: 'JSON editor',
    size: { w: 12, h: 16 },
    props: { textContent: given({}), updateParser: passedOn },
    settings: [
      data('textContent', 'Value'),
      flag('isReadOnly', 'Only to be read'),
      out('updateParser', 'When it is saved'),
    ],
  },
  {
    type: 'GOOGLE_MAP_WIDGET_COMPONENT',
    label: 'Map',
    size: { w: 12, h: 16 },
    props: { markers: given([{ lat: 50, lng: 8, label: 'Here' }]) },
    settings: [
      data('markers', 'Places'),
      out('eventTarget', 'When a place is chosen'),
      text('tileUrl', 'Address of tiles'),
      text('tileAttribution', 'Whose tiles they are'),
    ],
  },
]

function gaugeProps(): Fields {
  return { value: given(40), min: 0, max: 100, label: '' }
}
