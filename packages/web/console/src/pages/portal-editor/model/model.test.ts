/** What the editor makes of a portal: nothing where nothing is edited, and never less than what it was given. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { portalDraw } from '../../../../../../../test/support/portal-generator.ts'
import { breakpointOf } from '../editor.ts'
import { type Config, type Fields, fields, freeName, isObject, isOldConfig, setAt, text, textsIn } from './config.ts'
import { settingsOf } from './kind-of.ts'
import { kinds } from './kinds.ts'
import { addModal, changeModal, removeModal } from './modals.ts'
import {
  addPage,
  homeId,
  inOrder,
  orderPages,
  parentOf,
  putBelow,
  removePage,
  renamePage,
  whyNotNamed,
} from './pages.ts'
import { addPane, addTab, changePane, removePane, removeTab, renameTab } from './panes.ts'
import { addPlace, arrange, breakpoints, nudge, type Place, placesAt, writePlaces } from './places.ts'
import { changesSince, freshConfig, modelOf, renewed, usualCols, type Work, workOf } from './portal.ts'
import { rowTops } from './rows.ts'
import {
  addDatasource,
  addResource,
  changeDatasource,
  changeResource,
  orderResources,
  removeDatasource,
  removeResource,
  usersOf,
} from './sources.ts'
import {
  addWidget,
  changeWidget,
  copyWidget,
  gridOf,
  moveWidget,
  removeWidget,
  setOutgoing,
  setProp,
  setSource,
  setValue,
  sources,
  valueIn,
} from './widgets.ts'

/** Configs as packages have them; those in pieces come from the node as one, which is tested there. */
const drawnConfig: fc.Arbitrary<Config> = portalDraw(0)
  .map(({ name, files }) => fields(files[`portals/${name}.json`]).config)
  .filter((config) => config !== undefined)
  .map((config) => (typeof config === 'string' ? JSON.parse(config) : JSON.parse(JSON.stringify(config))) as Config)

const drawnNew = drawnConfig.filter((config) => !isOldConfig(config))

const workWith = (config: Config): Work => ({ config, description: '', type: 'custom_v2' })

/** A mark in every object, known to nobody; nothing can be written into what is given. */
function marked(value: unknown, next = { mark: 0 }): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map((one) => marked(one, next)))
  if (!isObject(value)) return value
  next.mark += 1
  const entries = Object.entries(value).map(([key, one]) => [key, marked(one, next)])
  return Object.freeze({ ...Object.fromEntries(entries), unheard: `mark-${next.mark}` })
}

const marksIn = (value: unknown): Set<string> => new Set(JSON.stringify(value ?? null).match(/mark-\d+/g))

const lost = (before: unknown, after: unknown): string[] => {
  const kept = marksIn(after)
  return [...marksIn(before)].filter((mark) => !kept.has(mark))
}

const first = (config: Config, section: string): string =>
  Object.keys(fields(config[section])).find((key) => isObject(fields(config[section])[key])) ?? 'none'

const keeping: Record<string, (config: Config) => Config> = {
  'add a page': (config) => addPage(config, { id: 'new', name: 'New' }),
  'rename a page': (config) => renamePage(config, first(config, 'pages'), 'Other'),
  'order pages': (config) => orderPages(config, ['b', 'a']),
  'add a pane': (config) =>
    addPane(config, { id: 'new', tab: 'new-tab', page: first(config, 'pages'), title: 'New' }, usualCols),
  'change a pane': (config) =>
    changePane(config, first(config, 'panes'), { header: { title: 'x' }, themeType: 'secondary' }),
  'put a page below another': (config) => putBelow(config, 'page-0', 'Home'),
  'add a modal': (config) => addModal(config, 'new', 'New'),
  'change a modal': (config) => changeModal(config, 'm', { title: 'New' }),
  'add a tab': (config) => addTab(config, first(config, 'panes'), 'new-tab', 'New'),
  'rename a tab': (config) => renameTab(config, first(config, 'panes'), 'new-tab', 'New'),
  'add a widget': (config) =>
    addWidget(config, { kind: 'tab', id: 'pane-0-a' }, { id: 'new', ...kinds[0]! }, usualCols),
  'change a widget': (config) => changeWidget(config, first(config, 'widgets'), { externalScripts: ['https://x'] }),
  'set a setting': (config) => setProp(config, first(config, 'widgets'), 'new-setting', 7),
  'copy a widget': (config) => copyWidget(config, first(config, 'widgets'), 'copy', { w: 3, h: 3 }, usualCols),
  'add a datasource': (config) => addDatasource(config, 'new', 'new', 'LOCAL_DATASOURCE_PLUGIN', {}),
  'change a datasource': (config) =>
    changeDatasource(config, first(config, 'datasources'), { name: 'x', settings: { new: 1 } }),
  'add a resource': (config) => addResource(config, { id: 'new', name: 'new.js', type: 'js' }, 7),
  'change a resource': (config) => changeResource(config, first(config, 'internalResources'), { file: '1' }, 7),
  'order resources': (config) => orderResources(config, ['new']),
  'set a colour': (config) => setAt(config, 'theme.items.main.portal.styles.backgroundColor', '#fff'),
}

const removing: Record<string, [section: string, act: (config: Config, id: string) => Config]> = {
  'delete a page': ['pages', removePage],
  'delete a pane': ['panes', removePane],
  'delete a widget': ['widgets', removeWidget],
  'delete a datasource': ['datasources', removeDatasource],
  'delete a resource': ['internalResources', removeResource],
}

test('a portal that nobody edited is the same text, and nothing of it is sent', () => {
  fc.assert(
    fc.property(fc.oneof(drawnConfig, fc.dictionary(fc.string(), fc.jsonValue())), (config) => {
      const sent = { config: JSON.stringify(config), description: null, type: 'v2' }
      const work = workOf(sent)
      assert.equal(JSON.stringify(work.config), sent.config)
      assert.deepEqual(changesSince(work, workOf(sent)), {})
      modelOf('any', work)
    }),
  )
})

test('no edit loses what the editor does not know, and none changes what it was given', () => {
  fc.assert(
    fc.property(drawnNew, (drawn) => {
      const config = marked(drawn) as Config
      for (const [name, act] of Object.entries(keeping)) {
        const made = act(config)
        assert.deepEqual(lost(config, made), [], name)
        modelOf('any', workWith(made))
      }
    }),
  )
})

test('what is deleted takes along what is in it, and nothing else', () => {
  const gone = (before: Config, after: Config, section: string): unknown[] => {
    const kept = fields(after[section])
    return Object.entries(fields(before[section])).flatMap(([key, one]) => (key in kept ? [] : [one]))
  }
  const layouts = ['paneLayouts', 'paneGridWidgetLayouts', 'headerWidgetLayout', 'flyoutWidgetLayout']
  fc.assert(
    fc.property(drawnNew, (drawn) => {
      const config = marked(drawn) as Config
      for (const [name, [section, act]] of Object.entries(removing)) {
        const made = act(config, first(config, section))
        const removed = Object.keys(removing).flatMap((one) => gone(config, made, removing[one]![0]))
        const places = layouts.map((one) => config[one])
        const rest = lost(config, made).filter((mark) => !marksIn([removed, places]).has(mark))
        assert.deepEqual(rest, [], name)
        if (section === 'widgets') assert.ok(gone(config, made, section).length <= 1, name)
        const ids = new Set(gone(config, made, 'widgets').map((one) => text(fields(one).id)))
        for (const one of layouts) {
          for (const place of JSON.stringify(made[one] ?? null).matchAll(/"i":"([^"]+)"/g))
            assert.ok(!ids.has(place[1]!))
        }
      }
    }),
  )
})

const places = fc.uniqueArray(
  fc.record({
    i: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    x: fc.nat(11),
    y: fc.nat(12),
    w: fc.integer({ min: 1, max: 12 }),
    h: fc.integer({ min: 1, max: 6 }),
  }),
  { selector: ({ i }) => i, minLength: 1 },
)

test('wherever a thing is dragged, everything stays on the grid and nothing lies over anything', () => {
  const wild = fc.record({
    x: fc.double({ min: -40, max: 40, noNaN: true }),
    y: fc.double({ min: -40, max: 40, noNaN: true }),
    w: fc.double({ min: -4, max: 40, noNaN: true }),
    h: fc.double({ min: -4, max: 40, noNaN: true }),
  })
  fc.assert(
    fc.property(places, wild, (held, to) => {
      const { i } = held[0]!
      const made = arrange(held, { i, ...to }, 12)
      assert.deepEqual(made.map((one) => one.i).sort(), held.map((one) => one.i).sort())
      for (const one of made) {
        assert.ok(Number.isInteger(one.x) && one.x >= 0 && one.w >= 1 && one.x + one.w <= 12, JSON.stringify(one))
        assert.ok(one.h >= 1 && one.y >= 0)
        for (const other of made) {
          const apart =
            one.i === other.i ||
            one.x + one.w <= other.x ||
            other.x + other.w <= one.x ||
            one.y + one.h <= other.y ||
            other.y + other.h <= one.y
          assert.ok(apart, JSON.stringify([one, other]))
        }
      }
    }),
  )
})

const at = (i: string, x: number, y: number, w: number, h: number): Place => ({ i, x, y, w, h })

test('neighbours change places when one is dragged half over the other, by width or by height', () => {
  const held = [at('a', 0, 0, 6, 4), at('b', 0, 4, 6, 4)]
  assert.deepEqual(arrange(held, at('a', 0, 1, 6, 4), 12), held)
  assert.deepEqual(arrange(held, at('a', 0, 2, 6, 4), 12), [at('b', 0, 0, 6, 4), at('a', 0, 4, 6, 4)])
  assert.deepEqual(arrange(held, at('b', 0, 1, 6, 4), 12), [at('b', 0, 0, 6, 4), at('a', 0, 4, 6, 4)])
  assert.deepEqual(arrange(held, at('b', 6, 4, 6, 4), 12), [at('a', 0, 0, 6, 4), at('b', 6, 0, 6, 4)])
  assert.deepEqual(arrange(held, at('a', 0, 0, 6, 5), 12), [at('a', 0, 0, 6, 5), at('b', 0, 5, 6, 4)])
})

test('by keys a thing goes a column sideways, past its neighbour up and down, and grows by a cell', () => {
  const held = [at('a', 0, 0, 6, 4), at('b', 0, 4, 6, 4)]
  const swapped = [at('b', 0, 0, 6, 4), at('a', 0, 4, 6, 4)]
  assert.deepEqual(nudge(held, 'a', { y: 1 }, 12), swapped)
  assert.deepEqual(nudge(held, 'b', { y: -1 }, 12), swapped)
  assert.deepEqual(nudge(held, 'a', { y: -1 }, 12), held)
  assert.deepEqual(nudge(held, 'a', { x: -1 }, 12), held)
  assert.deepEqual(nudge(held, 'b', { y: 1 }, 12), held)
  assert.deepEqual(nudge(held, 'b', { x: 1 }, 12), [held[0], at('b', 1, 4, 6, 4)])
  assert.deepEqual(nudge(held, 'b', { w: 1, h: -1 }, 12), [held[0], at('b', 0, 4, 7, 3)])
  assert.deepEqual(nudge([at('a', 0, 0, 100, 17)], 'a', { w: 1 }, 400), [at('a', 0, 0, 117, 17)])
})

test('a place is written at one breakpoint alone, with what else stood beside it, and not at all where it is the same', () => {
  const lg = [{ ...at('a', 0, 0, 6, 4), minH: 3, more: { x: 1 } }, { ...at('gone', 0, 9, 1, 1) }, 'junk']
  const config = { paneLayouts: { Home: { lg, other: 1 } }, rest: true }
  const grid = { kind: 'page', id: 'Home' } as const
  assert.equal(writePlaces(config, grid, 'lg', [at('a', 0, 0, 6, 4)]), config)
  assert.deepEqual(writePlaces(config, grid, 'lg', [at('a', 6, 0, 6, 4)]), {
    paneLayouts: { Home: { lg: [{ ...(lg[0] as Fields), x: 6 }, lg[1], 'junk'], other: 1 } },
    rest: true,
  })
  const narrow = writePlaces(config, grid, 'xs', [at('a', 0, 0, 4, 2)])
  assert.deepEqual(fields(fields(narrow.paneLayouts).Home), {
    lg,
    other: 1,
    xs: [{ ...at('a', 0, 0, 4, 2), minH: 3, more: { x: 1 } }],
  })
})

test('what is new comes below all else at every width that has places, and shows at all others', () => {
  const lg = [at('a', 0, 0, 12, 4)]
  const xs = [at('a', 0, 0, 4, 9)]
  const grid = { kind: 'page', id: 'Home' } as const
  const made = addPlace({ paneLayouts: { Home: { lg, xs } } }, grid, 'b', { w: 6, h: 4 }, usualCols)
  const { panes: _panes, ...model } = modelOf('any', workWith(made))
  const layouts = model.paneLayouts.get('Home')!
  assert.deepEqual(layouts.lg?.[1], at('b', 0, 4, 6, 4))
  assert.deepEqual(layouts.xs?.[1], at('b', 0, 9, 4, 4))
  for (const { name } of breakpoints) {
    assert.deepEqual(
      placesAt(layouts, name, ['a', 'b'], usualCols)
        .map(({ i }) => i)
        .sort(),
      ['a', 'b'],
    )
  }
  const fine = { xl: 480, lg: 400, md: 332, sm: 256, xs: 160, xxs: 110 }
  const wide = addPlace({}, grid, 'b', { w: 6, h: 4 }, fine)
  assert.deepEqual(fields(fields(wide.paneLayouts).Home).lg, [
    { moved: false, static: false, ...at('b', 0, 0, 200, 67) },
  ])
})

test('rows grow with what is in them, and what is below moves down', () => {
  const held = [at('a', 0, 0, 6, 2), at('b', 6, 0, 6, 1), at('c', 0, 2, 12, 1)]
  assert.deepEqual(
    rowTops(held, 60, 6, () => 0),
    [0, 60, 120, 180],
  )
  assert.deepEqual(
    rowTops(held, 60, 6, (id) => (id === 'a' ? 194 : 0)),
    [0, 100, 200, 260],
  )
  assert.deepEqual(
    rowTops([], 60, 6, () => 9),
    [0],
  )
})

test('pages come in the order that they are given, and have names that an address can tell apart', () => {
  let config = freshConfig(() => crypto.randomUUID())
  for (const name of ['One', 'Two']) config = addPage(config, { id: `id-${name}`, name })
  const names = (of: Config) => inOrder(of, modelOf('any', workWith(of)).pages).map(({ name }) => name)
  assert.deepEqual(names(config), ['Home', 'One', 'Two'])
  config = orderPages(config, ['id-Two', homeId, 'id-One'])
  assert.deepEqual(names(config), ['Two', 'Home', 'One'])
  config = addPage(config, { id: 'id-Three', name: 'Three' })
  assert.deepEqual(names(removePage(config, 'id-One')), ['Two', 'Home', 'Three'])
  assert.match(whyNotNamed(config, ' two ')!, /already/)
  assert.match(whyNotNamed(config, ' ')!, /needs a name/)
  assert.equal(whyNotNamed(config, 'two', 'id-Two'), undefined)
  assert.equal(freeName('Page', ['page', 'Page 2']), 'Page 3')
})

test('a page below another is let go by it, and one that goes lets its own go', () => {
  const pages = {
    Home: { id: 'Home', name: 'Home', children: ['a'] },
    a: { id: 'a', name: 'A', isChild: true, children: ['b'] },
    b: { id: 'b', name: 'B', isChild: true },
  }
  const made = removePage({ pages }, 'a')
  assert.deepEqual(made.pages, {
    Home: { id: 'Home', name: 'Home', children: [] },
    b: { id: 'b', name: 'B', isChild: false },
  })
})

test('a page is put below another and by itself again', () => {
  const pages = { Home: { id: 'Home', name: 'Home' }, a: { id: 'a', name: 'A', more: 1 }, b: { id: 'b', name: 'B' } }
  const below = putBelow({ pages }, 'a', 'b')
  assert.equal(parentOf(below, 'a'), 'b')
  assert.deepEqual(below.pages, { ...pages, a: { ...pages.a, isChild: true }, b: { ...pages.b, children: ['a'] } })
  const elsewhere = putBelow(below, 'a', 'Home')
  assert.deepEqual([parentOf(elsewhere, 'a'), fields(fields(elsewhere.pages).b).children], ['Home', []])
  assert.equal(parentOf(putBelow(elsewhere, 'a', undefined), 'a'), undefined)
})

test('a modal takes widgets, and goes with them', () => {
  const named = changeModal(addModal({}, 'm', 'Ask'), 'm', { title: 'Sure?' })
  const config = addWidget(named, { kind: 'modal', id: 'm' }, { id: 'w', ...kinds[0]! }, usualCols)
  assert.deepEqual(gridOf(config, 'w'), { kind: 'modal', id: 'm' })
  assert.deepEqual(modelOf('any', workWith(config)).modals, [{ id: 'm', name: 'Ask', title: 'Sure?' }])
  const { widgets, userModals, userModalWidgetLayout } = removeModal(config, 'm')
  assert.deepEqual([widgets, userModals, userModalWidgetLayout], [{}, {}, {}])
})

test('whatever a portal looks like, each of its grids has a width that it is laid out for', () => {
  fc.assert(
    fc.property(drawnNew, (config) => {
      const model = modelOf('any', workWith(config))
      for (const { tabs } of model.panes) {
        for (const { id } of tabs) {
          for (const { name } of breakpoints) {
            assert.ok(breakpoints.some((one) => one.name === breakpointOf({ model }, { kind: 'tab', id }, name)))
          }
        }
      }
    }),
  )
})

test('a tab goes with its widgets, the last one stays, and a widget moves from one to another', () => {
  const ids = ['pane', 'tab', 'w']
  let config = addPane({}, { id: 'pane', tab: 'tab', page: 'Home', title: '' }, usualCols)
  config = addWidget(config, { kind: 'tab', id: 'tab' }, { id: 'w', ...kinds[0]! }, usualCols)
  assert.equal(removeTab(config, 'pane', 'tab'), config, ids.join())
  config = addTab(config, 'pane', 'second', 'Second')
  config = moveWidget(config, 'w', { kind: 'tab', id: 'second' }, { w: 4, h: 2 }, usualCols)
  assert.deepEqual(gridOf(config, 'w'), { kind: 'tab', id: 'second' })
  assert.deepEqual(fields(fields(config.paneGridWidgetLayouts).tab).lg, [])
  const less = removeTab(config, 'pane', 'second')
  assert.deepEqual(less.widgets, {})
  const { tabInfo } = fields(less.panes).pane as Fields
  assert.deepEqual([textsIn(fields(tabInfo).tabIds), fields(tabInfo).tabbed], [['tab'], false])
  const header = moveWidget(config, 'w', { kind: 'header' }, { w: 4, h: 1 }, usualCols)
  assert.deepEqual(gridOf(header, 'w'), { kind: 'header' })
  const flyout = moveWidget(header, 'w', { kind: 'flyout' }, { w: 4, h: 1 }, usualCols)
  assert.deepEqual(gridOf(flyout, 'w'), { kind: 'flyout' })
})

test('a setting changes its source and back without a loss', () => {
  const fixed = { dataType: sources.static, value: 'Hello', note: 1 }
  const coded = setSource(fixed, 'calculated', false)
  assert.deepEqual(coded, { ...fixed, dataType: sources.calculated, value: 'return "Hello"' })
  assert.deepEqual(setSource(coded, 'static', false), fixed)
  const dynamic = setSource(fixed, 'dynamic', false)
  assert.deepEqual(dynamic.incoming_parser, { isDebugOn: false, value: 'return this.datasource' })
  assert.deepEqual([dynamic.value, dynamic.note], ['Hello', 1])
  const parsed = setValue({ ...dynamic, incoming_parser: { isDebugOn: true, value: '' } }, 'return 1')
  assert.deepEqual(parsed.incoming_parser, { isDebugOn: true, value: 'return 1' })
  assert.equal(valueIn(parsed), 'return 1')
  assert.equal(valueIn(setSource(parsed, 'static', false)), 'Hello')
  assert.deepEqual(setOutgoing(parsed, 'return 2').outgoing_parser, { isDebugOn: false, value: 'return 2' })

  const parts = { HTML: '<p>', CSS: '', JavaScript: 'x' }
  const page = setSource({ dataType: sources.static, value: parts }, 'dynamic', true)
  assert.deepEqual(valueIn(page), parts)
  assert.deepEqual(
    valueIn(setSource({ dataType: sources.dynamic, incoming_parser: { value: parts } }, 'static', true)),
    parts,
  )
  assert.deepEqual(setSource('plain', 'static', false), { value: 'plain', dataType: sources.static })
})

test('who uses a datasource is found by id, by name in code, and in those that join others', () => {
  let config = addDatasource({}, 'd', 'rate', 'LOCAL_DATASOURCE_PLUGIN', {})
  config = addDatasource(config, 'all', 'all', 'DATASOURCE_AGGREGATOR', { datasources: ['d'] })
  const props = {
    wired: { textContent: { dataType: sources.dynamic, id: 'd' } },
    coded: { textContent: { dataType: sources.calculated, value: 'return datasources.rate.latestData()' } },
    free: { textContent: { dataType: sources.static, value: 'rate' } },
  }
  for (const [id, own] of Object.entries(props)) {
    config = addWidget(config, { kind: 'header' }, { id, type: 'X', props: own, size: { w: 1, h: 1 } }, usualCols)
  }
  assert.deepEqual(usersOf(config, { id: 'd', name: 'rate' }), ['wired', 'coded', 'all'])
})

test('a fresh portal shows one page with a pane and its name, and takes every kind of widget', () => {
  let config = freshConfig(() => crypto.randomUUID())
  const [pane] = modelOf('Fresh', workWith(config)).panes
  for (const kind of kinds) {
    config = addWidget(config, { kind: 'tab', id: pane!.activeTab }, { id: crypto.randomUUID(), ...kind }, usualCols)
    assert.ok(kind.settings.length > 0 && new Set(settingsOf(kind.type, kind.props).map(({ name }) => name)).size > 0)
  }
  const model = modelOf('Fresh', workWith(config))
  assert.deepEqual([model.pages.length, model.panes.length, model.widgets.length], [1, 1, kinds.length + 1])
})

test('a portal of the old type becomes one of today, with all that it had beside it', () => {
  fc.assert(
    fc.property(drawnConfig.filter(isOldConfig), (config) => {
      const made = renewed({ config, description: 'x', type: 'custom' })
      assert.equal(isOldConfig(made.config), false)
      for (const key of Object.keys(config)) assert.ok(key in made.config, key)
      const [before, after] = [modelOf('any', { config }), modelOf('any', made)]
      assert.deepEqual({ ...after, source: 0 }, { ...before, source: 0 })
    }),
    { numRuns: 30 },
  )
})
