/**
 * Portals of all shapes that are documented (packages-portals-edge.md §3), drawn at random: types, pages, panes, tabs, layouts
 * of every breakpoint, widgets with settings of each kind, datasources, resources, themes, both layouts of files, the old
 * format, and what the editor leaves where a value should be. Their code is sound, so nothing in them may fail.
 */
import fc from 'fast-check'

export type DrawnPortal = {
  name: string
  /** Paths in a package, and what is in the files. */
  files: Record<string, unknown>
  /** Addresses of its pages. */
  paths: string[]
}

type Fields = Record<string, unknown>

const breakpoints = ['xl', 'lg', 'md', 'sm', 'xs', 'xxs']

/** What stands in the place of numbers and flags where the editor went wrong. */
const junk = fc.constantFrom<unknown>({ nativeEvent: { isTrusted: true }, target: {} }, null, '', 'x', [], -1, {})

const colour = fc.constantFrom('#6e8592', '#fff', '#000000', 'rgb(10, 20, 30)', 'rebeccapurple')
const word = fc.constantFrom('Home', 'Settings', 'New Edge', 'Übersicht', 'a/b', '100%', 'line 1', '<b>', '__proto__x')

const passing = fc.constantFrom(
  'return this.datasource',
  'return this.datasource; // as it is',
  'parser = (ctx) => ctx.data',
  'parser = async function (ctx) {\n  return ctx.datasource\n}',
  'var held = this.datasource\nreturn held',
)
const giving = fc.constantFrom('return this.widget', 'parser = (ctx) => ctx.widget', '')

const values: Record<string, fc.Arbitrary<string>> = {
  rows: fc.constantFrom(
    'return [{"timestamp": "1:00", "a": 1, "b": "2"}, {"timestamp": "2:00", "a": 3}]',
    'return []',
    'return {DATA: [{a: 1}], TOTAL: 1}',
    'return undefined',
    'return [[1, 2], [3, 4]]',
    'return {a: 1, b: 2}',
  ),
  items: fc.constantFrom(
    'return ["a", "b"]',
    'return [{label: "a", value: 1}]',
    'return {north: ["a"], south: [{label: "b"}]}',
    'return [{label: "g", items: ["x"]}]',
    'return null',
  ),
  number: fc.constantFrom('return 7', 'return "8.5"', 'return {value: 9}', 'return null', 'return "n/a"'),
  text: fc.constantFrom('return portalTitle', 'return "<i>text</i>"', 'return {a: 1}', 'return 7', ''),
  places: fc.constantFrom(
    'return [{lat: 1, lng: 2}]',
    'return [{latitude: "50", longitude: "8"}, {lat: 999}]',
    'return {}',
  ),
}

const setting = (sort: string, ids: string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.record({ dataType: fc.constant('CALCULATED_DATA_TYPE'), value: values[sort]! }),
    fc.record({ dataType: fc.constant('STATIC_DATA_TYPE'), value: fc.oneof(fc.string({ maxLength: 20 }), junk) }),
    fc.record({
      dataType: fc.constant('DYNAMIC_DATA_TYPE'),
      id: fc.constantFrom(...ids, 'gone'),
      force_data: fc.constantFrom(null, ['DYNAMIC_DATA_TYPE']),
      incoming_parser: fc.record({ isDebugOn: fc.boolean(), value: passing }),
    }),
  )

const target = (ids: string[]): fc.Arbitrary<unknown> =>
  fc.record({
    dataType: fc.constant('DYNAMIC_DATA_TYPE'),
    id: fc.constantFrom(...ids, 'gone'),
    outgoing_parser: fc.record({ isDebugOn: fc.boolean(), value: giving }),
  })

const htmlParts = fc.record({
  HTML: fc.constantFrom(
    '<div class="panel"><p id="x">hi</p></div>',
    '<div><p>wrong end</span>',
    '',
    '<input class="form-control">',
  ),
  CSS: fc.constantFrom('', '\n', 'p { color: red }', 'p {'),
  JavaScript: fc.constantFrom(
    '',
    "$('p').text('set'); return 7",
    'var a = CB_PORTAL.ClearBlade.URI',
    '// only a comment',
  ),
})

const htmlSetting = (ids: string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.record({ dataType: fc.constant('STATIC_DATA_TYPE'), value: htmlParts }),
    fc.record({
      dataType: fc.constant('STATIC_DATA_TYPE'),
      value: htmlParts,
      incoming_parser: fc.constant({ value: '' }),
    }),
    fc.record({
      dataType: fc.constant('DYNAMIC_DATA_TYPE'),
      id: fc.constantFrom(...ids, 'gone'),
      incoming_parser: fc.record({ isDebugOn: fc.boolean(), value: htmlParts }),
    }),
  )

const column = fc.record({
  name: fc.constantFrom('a', 'timestamp', 'c.d'),
  dataType: fc.constantFrom('string', 'int', 'bool', 'timestamp'),
  inputType: fc.constantFrom('text', 'HTML_STRING', 'textarea', ''),
  display: fc.boolean(),
  isReadOnly: fc.boolean(),
  orderIdx: fc.oneof(fc.nat(5), junk),
})

type WidgetDraw = (ids: string[]) => fc.Arbitrary<Fields>

const loose = fc.oneof({ weight: 3, arbitrary: fc.boolean() }, junk)
const size = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }) }, junk)

const widgetProps: Record<string, WidgetDraw> = {
  TEXT_WIDGET_COMPONENT: (ids) =>
    fc.record({
      textContent: setting('text', ids),
      fontColor: colour,
      fontFamily: word,
      fontSize: size,
      HAS_UNIQUE_STYLE: loose,
    }),
  HTML_WIDGET_COMPONENT: (ids) => fc.record({ html: htmlSetting(ids) }),
  BUTTON_WIDGET_COMPONENT: (ids) => fc.record({ label: word, eventTarget: target(ids), backgroundColor: colour }),
  FORM_WIDGET_COMPONENT: (ids) =>
    fc.record({
      listSource: setting('rows', ids),
      eventTarget: target(ids),
      editColumns: fc.oneof(fc.dictionary(fc.constantFrom('a', 'b'), column), junk),
      isReadOnly: loose,
      displayColumn: fc.constantFrom('a', ''),
    }),
  CrudgridWidget: (ids) =>
    fc.record({
      gridData: setting('rows', ids),
      editCells: fc.oneof(fc.dictionary(fc.constantFrom('a', 'b', 'c.d'), column), fc.constant({})),
      allowAdd: loose,
      allowDelete: loose,
      allowUpdate: loose,
      allowSearch: loose,
      allowExport: loose,
      allowHighlight: loose,
      enableSorting: loose,
      pageSize: size,
      addItemParser: target(ids),
    }),
  LIST_WIDGET_COMPONENT: (ids) => fc.record({ listSource: setting('items', ids), eventTarget: target(ids) }),
  FILTERABLE_LIST_WIDGET_COMPONENT: (ids) => fc.record({ listSource: setting('items', ids), listTitle: word }),
  GROUPING_LIST_WIDGET_COMPONENT: (ids) => fc.record({ listSource: setting('items', ids), groupingColumn: word }),
  LINE_CHART_WIDGET_COMPONENT: (ids) =>
    fc.record({
      chartData: setting('rows', ids),
      lines: fc.oneof(fc.array(fc.record({ dataKey: fc.constantFrom('a', 'b', ''), type: word })), junk),
      xAxisDataKey: fc.constantFrom('timestamp', '', 'nope'),
      showLegend: loose,
      showBrush: loose,
      showDots: loose,
    }),
  BAR_CHART_WIDGET_COMPONENT: (ids) => fc.record({ chartData: setting('rows', ids), showGrid: loose }),
  PIE_CHART_WIDGET_COMPONENT: (ids) =>
    fc.record({ chartData: setting('rows', ids), cells: fc.constant([{ fill: '#123456' }]) }),
  CB_SCATTER_PLOT: (ids) => fc.record({ chartData: setting('rows', ids) }),
  SPEEDOMETER_WIDGET: (ids) => fc.record({ value: setting('number', ids), min: size, max: size }),
  RADIAL_GAUGE_WIDGET_COMPONENT: (ids) =>
    fc.record({ value: setting('number', ids), max: size, progressColor: colour }),
  INPUT_WIDGET_COMPONENT: (ids) =>
    fc.record({
      inputType: fc.constantFrom('text', 'number', 'button', ''),
      inputVal: setting('text', ids),
      target: target(ids),
    }),
  TOGGLE_WIDGET: (ids) => fc.record({ toggleState: setting('number', ids), eventTarget: target(ids) }),
  JsonEditorWidget: (ids) =>
    fc.record({ textContent: setting('text', ids), updateParser: target(ids), isReadOnly: loose }),
  GOOGLE_MAP_WIDGET_COMPONENT: (ids) => fc.record({ markers: setting('places', ids) }),
  RULE_BUILDER: () => fc.record({ rules: junk }),
  '': () => fc.constant({}),
}

const widget = (ids: string[], id: string, tab: string | undefined): fc.Arbitrary<Fields> =>
  fc.constantFrom(...Object.keys(widgetProps)).chain((type) =>
    fc.record({
      id: fc.constant(id),
      type: fc.constant(type),
      ...(tab !== undefined && { tab: fc.constant(tab) }),
      externalScripts: fc.constantFrom([], null),
      props: widgetProps[type]!(ids),
    }),
  )

const place = (i: string): fc.Arbitrary<Fields> =>
  fc.record({
    i: fc.constant(i),
    x: fc.oneof(fc.nat(12), fc.constant(27.5)),
    y: fc.nat(20),
    w: fc.integer({ min: 1, max: 13 }),
    h: fc.integer({ min: 1, max: 10 }),
    minH: fc.constant(3),
    moved: fc.boolean(),
    static: fc.boolean(),
  })

const layouts = (items: string[]): fc.Arbitrary<Fields> =>
  fc.record(
    Object.fromEntries(
      breakpoints.map((name) => [
        name,
        name === 'lg' ? fc.tuple(...items.map(place)) : fc.oneof(fc.constant([]), fc.tuple(...items.map(place)), junk),
      ]),
    ),
    { requiredKeys: ['lg'] },
  )

const cols = fc.constantFrom<unknown>(
  { lg: 12, md: 10, sm: 6, xs: 4, xxs: 2 },
  { xl: 18, lg: 12, md: 10, sm: 6, xs: 4, xxs: 2 },
  { xl: 480, lg: 400, md: 332, sm: 256, xs: 160, xxs: 110 },
  {},
  null,
)

const sourceTypes: Record<string, fc.Arbitrary<Fields>> = {
  LOCAL_DATASOURCE_PLUGIN: fc.record({ defaultValue: fc.constantFrom('', '[{"a": 1}]', '7', 'text', '{"DATA": []}') }),
  CB_CODE_SERVICE: fc.record({
    code_name: fc.constant('poll'),
    payload: fc.constantFrom('{}', '{"n": 1}', ''),
    CALL_ON_LOAD: fc.oneof(fc.boolean(), junk),
    refresh_interval: fc.oneof(fc.constantFrom(0, '30', 100), junk),
    SUPPRESS_DATASOURCE_ERRORS: fc.boolean(),
  }),
  CB_COLLECTION: fc.record({ collection_name: fc.constant('Readings'), refresh_interval: fc.constantFrom('0', 100) }),
  CB_MESSAGE_TOPIC: fc.record({ TOPIC_NAME: fc.constant('sensor/#'), returnFullMessage: fc.boolean() }),
  CB_DEVICE_LIST: fc.constant({}),
  CB_EDGE_LIST: fc.constant({}),
  CB_EDGE_METRICS: fc.record({ EDGE_NAME: fc.constant('hall') }),
  DATASOURCE_AGGREGATOR: fc.record({ datasources: fc.constantFrom(['d0', 'd1'], [], ['gone'], null) }),
  SOMETHING_NEWER: fc.constant({}),
}

const source = (id: string): fc.Arbitrary<Fields> =>
  fc.constantFrom(...Object.keys(sourceTypes)).chain((type) =>
    fc.record({
      id: fc.constant(id),
      name: fc.constant(`source ${id}`),
      type: fc.constant(type),
      settings: sourceTypes[type]!,
    }),
  )

const theme = fc.constantFrom<unknown>(
  undefined,
  null,
  { info: { name: 'STANDARD_THEME' }, graph: { one: '#6E8592' }, palette: {} },
  {
    items: {
      main: {
        header: { styles: { backgroundColor: '#000' }, burgerBars: { fontColor: '#f5f5f5' } },
        panes: { primary: { body: { backgroundColor: '#eee' }, header: {}, tabs: { fontColor: 'red' } }, flyout: {} },
        portal: { styles: { backgroundColor: '"><script>' } },
        widgets: {
          TEXT_WIDGET_COMPONENT: { fontSize: 30 },
          LINE_CHART_WIDGET_COMPONENT: { lineColors: [{ stroke: 'red' }] },
        },
      },
    },
  },
)

type Shape = { pages: number; panes: number; widgets: number; tabbed: boolean; nested: boolean }

const shape: fc.Arbitrary<Shape> = fc.record({
  pages: fc.integer({ min: 0, max: 3 }),
  panes: fc.integer({ min: 1, max: 4 }),
  widgets: fc.integer({ min: 0, max: 2 }),
  tabbed: fc.boolean(),
  nested: fc.boolean(),
})

const newConfig = shape.chain(({ pages, panes, widgets, tabbed, nested }) => {
  const sources = ['d0', 'd1', 'd2']
  const pageIds = ['Home', ...Array.from({ length: pages }, (_, index) => `page-${index}`)]
  const paneIds = Array.from({ length: panes }, (_, index) => `pane-${index}`)
  const pageOf = (pane: string): string => pageIds[paneIds.indexOf(pane) % pageIds.length]!
  const tabsOf = (pane: string): string[] => (tabbed ? [`${pane}-a`, `${pane}-b`] : [`${pane}-a`])
  const tabs = paneIds.flatMap(tabsOf)
  const widgetIds = tabs.flatMap((tab) =>
    Array.from({ length: widgets }, (_, index) => ({ id: `${tab}-w${index}`, tab })),
  )
  const all = [...widgetIds, { id: 'brand', tab: 'HEADER' }, { id: 'flyoutTitle', tab: undefined }]
  return fc.record({
    cols,
    theme,
    pages: fc.constant(
      Object.fromEntries(
        pageIds.map((id, index) => [
          id,
          {
            id,
            name: id === 'Home' ? 'Home' : `Page ${index}`,
            children: nested && index === 1 ? pageIds.slice(2) : [],
            isChild: nested && index > 1,
            isParam: false,
            href: '',
            path: '',
            defaultValue: '',
          },
        ]),
      ),
    ),
    panes: fc.record(
      Object.fromEntries(
        paneIds.map((id) => [
          id,
          fc.record({
            id: fc.constant(id),
            pageId: fc.constant(pageOf(id)),
            header: fc.record({ hide: loose, title: fc.oneof(word, fc.constant('')) }),
            hideBorders: loose,
            themeType: fc.constantFrom('primary', 'secondary', 'default', 'toString'),
            customPaneId: fc.constantFrom('', 'mine'),
            hiddenBreakpoints: fc.constantFrom({}, { xxs: true }, null),
            tabInfo: fc.record({
              activeTab: fc.constantFrom(...tabsOf(id), 'gone'),
              tabIds: fc.constant(tabsOf(id)),
              tabTitles: fc.constantFrom({}, { [`${id}-a`]: 'First' }),
              tabbed: fc.constant(tabbed),
            }),
          }),
        ]),
      ),
    ),
    paneLayouts: fc.record(
      Object.fromEntries(pageIds.map((page) => [page, layouts(paneIds.filter((pane) => pageOf(pane) === page))])),
    ),
    paneGridWidgetLayouts: fc.record(
      Object.fromEntries(
        tabs.map((tab) => [tab, layouts(widgetIds.filter((one) => one.tab === tab).map(({ id }) => id))]),
      ),
    ),
    headerWidgetLayout: layouts(['brand']),
    flyoutWidgetLayout: fc.oneof(fc.constant({ lg: [] }), layouts(['flyoutTitle'])),
    widgets: fc.record(Object.fromEntries(all.map(({ id, tab }) => [id, widget(sources, id, tab)]))),
    datasources: fc.record(Object.fromEntries(sources.map((id) => [id, source(id)]))),
    externalScripts: fc.constantFrom([], null),
    internalResources: fc.constantFrom<Fields>(
      {},
      { r1: { id: 'r1', name: 'tools.js', type: 'js', file: 'var tools = 1', lastUpdated: 1 } },
      { r1: { id: 'r1', name: 'look.css', type: 'css', file: 'p { margin: 0 }' } },
    ),
    userModals: fc.constantFrom(undefined, {}, { m: { id: 'm', name: 'Details' } }),
    savedPortalExists: fc.boolean(),
    upgradesPerformed: fc.constant({ headerBrandUpgrade: true }),
  })
})

const oldSource = (name: string): fc.Arbitrary<Fields> =>
  fc.record({
    name: fc.constant(name),
    type: fc.constantFrom('messageTopic', 'dashboardEvent', 'clearblade_execute_code'),
    settings: fc.record({ service_name: fc.constant('poll'), topic: fc.constant('x') }),
  })

/** Before pages there were panes in a list, with their widgets in them. */
const oldConfig = fc.record({
  version: fc.constant(1),
  allow_edit: loose,
  columns: fc.oneof(fc.integer({ min: 1, max: 6 }), junk),
  style: fc.constant('{"header": "#000"}'),
  plugins: fc.constant([]),
  userPerms: fc.constant({}),
  datasources: fc.tuple(oldSource('rate'), oldSource('topic')),
  panes: fc.array(
    fc.record({
      title: fc.oneof(word, fc.constant('')),
      col: fc.oneof(fc.nat(3), fc.constant({ 3: 1, 4: 2 })),
      row: fc.oneof(fc.nat(9), fc.constant({ 3: 1 })),
      col_width: fc.oneof(fc.nat(3), junk),
      tabs: fc.array(
        fc.record({
          title: word,
          widgets: fc.array(
            fc.record({
              type: fc.constantFrom('gauge', 'html', 'picture', 'lineGraph', 'text_widget'),
              settings: fc.record({
                title: word,
                value: fc.constantFrom('7', 'return 7', 'datasources["rate"].latestData()', ''),
                html: fc.constantFrom('<p>old</p>', ''),
                min_value: size,
                max_value: size,
              }),
            }),
            { maxLength: 3 },
          ),
        }),
        { maxLength: 2 },
      ),
    }),
    { minLength: 1, maxLength: 4 },
  ),
})

const emptyConfig = fc.constantFrom<Fields>({}, { pages: {} }, { pages: null, widgets: null })

/** Parts of the config in files of their own (packages-portals-edge.md §3.6). */
function exploded(name: string, portal: Fields, config: Fields): Record<string, unknown> {
  const root = `portals/${name}`
  const files: Record<string, unknown> = {
    [`${root}/${name}.json`]: {
      ...portal,
      config: {
        ...config,
        widgets: './config/widgets',
        datasources: './config/datasources',
        internalResources: './config/internalResources',
      },
    },
  }
  for (const [id, held] of Object.entries((config.widgets ?? {}) as Record<string, Fields>)) {
    const { props, ...meta } = held
    const folder = `${root}/config/widgets/${held.type}_${id}`
    const settings: Fields = {}
    for (const [key, value] of Object.entries((props ?? {}) as Fields)) {
      settings[key] = value
      if (typeof value !== 'object' || value === null || !('dataType' in value)) continue
      settings[key] = withoutCode(files, `${folder}/parsers/${key}`, value as Fields)
    }
    files[`${folder}/meta.json`] = meta
    files[`${folder}/settings.json`] = settings
  }
  for (const held of Object.values((config.datasources ?? {}) as Record<string, Fields>)) {
    files[`${root}/config/datasources/${held.name}/meta.json`] = held
  }
  for (const held of Object.values((config.internalResources ?? {}) as Record<string, Fields>)) {
    const { file, ...meta } = held
    files[`${root}/config/internalResources/${held.name}/meta.json`] = meta
    files[`${root}/config/internalResources/${held.name}/${held.name}`] = file
  }
  return files
}

function withoutCode(files: Record<string, unknown>, folder: string, setting: Fields): Fields {
  const move = (parser: string, value: unknown): unknown => {
    if (typeof value === 'string') {
      files[`${folder}/${parser}/index.js`] = value
      return `./parsers/${parser}/index.js`
    }
    if (typeof value !== 'object' || value === null || !('HTML' in value)) return value
    const extensions: Fields = { HTML: 'html', CSS: 'css', JavaScript: 'js' }
    return Object.fromEntries(
      Object.entries(value).map(([part, code]) => {
        files[`${folder}/${parser}/index.${extensions[part]}`] = code
        return [part, `./parsers/${parser}/index.${extensions[part]}`]
      }),
    )
  }
  const made: Fields = { ...setting }
  if (setting.dataType !== 'DYNAMIC_DATA_TYPE') {
    if (setting.value !== undefined) made.value = move('incoming_parser', setting.value)
    return made
  }
  for (const parser of ['incoming_parser', 'outgoing_parser']) {
    const held = setting[parser] as Fields | undefined
    if (held !== undefined) made[parser] = { ...held, value: move(parser, held.value) }
  }
  return made
}

function pathsOf(config: Fields): string[] {
  const pages = Object.values((config.pages ?? {}) as Record<string, Fields>)
  const parentOf = ({ id }: Fields) => pages.find(({ children }) => (children as unknown[]).includes(id))
  return pages.map((page) => {
    const parent = page.isChild === true ? parentOf(page) : undefined
    return `/${parent === undefined ? '' : `${parent.name}/`}${page.name}`.toLowerCase()
  })
}

/** Portals are named `drawn-<number>`. */
export const portalDraw = (number: number): fc.Arbitrary<DrawnPortal> => {
  const name = `drawn-${number}`
  return fc
    .record({
      type: fc.constantFrom('custom_v2', 'v2', 'edge_monitoring_v2'),
      description: fc.constantFrom('', null, 'what it shows'),
      file: fc.constantFrom('one', 'text', 'pieces'),
      config: fc.oneof(
        { weight: 8, arbitrary: newConfig as fc.Arbitrary<Fields> },
        { weight: 2, arbitrary: oldConfig as fc.Arbitrary<Fields> },
        { weight: 1, arbitrary: emptyConfig },
      ),
    })
    .map(({ type, description, file, config }) => {
      const old = Array.isArray(config.panes)
      const portal = { name, type: old ? 'custom' : type, description, last_updated: '31 May 18 18:23 UTC' }
      const files =
        file === 'pieces' && !old
          ? exploded(name, portal, config)
          : { [`portals/${name}.json`]: { ...portal, config: file === 'text' ? JSON.stringify(config) : config } }
      return { name, files, paths: old ? ['/'] : ['/', ...pathsOf(config)] }
    })
}
