/** Every kind of widget and datasource in a real browser, as a person sees and uses it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { createTestApp } from '../support/app.ts'
import { openBrowser } from '../support/browser.ts'
import {
  calculated,
  datasources,
  dynamic,
  fixed,
  html,
  portalConfig,
  type TestWidget,
} from '../support/portal-config.ts'
import { faultsOf, makePortal, openPage, picture, portalLink, sizes } from '../support/portals.ts'

const app = await createTestApp({ after })
const { developer } = app
const browser = await openBrowser()
after(() => browser.close())

const system = await app.createSystem('plant')
const code = 'function double(req, resp) { resp.success({ doubled: (req.params.n || 0) * 2 }) }'
await app.createService(system, 'double', code, { executableBy: ['Anonymous'] })
const broken = 'function broken(req, resp) { resp.error("the boiler is cold") }'
await app.createService(system, 'broken', broken, { executableBy: ['Authenticated'] })
const collection = await app.createCollection(system, 'Readings', { sensor: 'string', value: 'int' })
for (let value = 1; value <= 30; value++) {
  const path = `/api/v/1/data/${collection}`
  await app.call('POST', path, { developer, body: { sensor: `pump ${value % 3}`, value: value * value } })
}
await app.grant(system, 'Anonymous', {
  collections: [{ itemInfo: { name: 'Readings' }, permissions: 1 }],
  users: { permissions: 1 },
})
await app.createUser(system, 'op@example.com', 'the plant is quiet')

let count = 0
async function opened(
  widgets: Record<string, TestWidget>,
  more: Record<string, unknown> = {},
  size = sizes[0]!,
): Promise<{
  page: Page
  problems: string[]
  close(): Promise<void>
  widget: (id: string) => ReturnType<Page['locator']>
}> {
  count += 1
  const name = `Board ${count}`
  await makePortal(app, system, name, portalConfig(widgets, more))
  const window = await openPage(browser, size)
  await window.page.goto(await portalLink(app, system, name))
  await window.page.locator('.gh-main').waitFor()
  return { ...window, widget: (id) => window.page.locator(`[data-widget="${id}"]`) }
}

const rows = JSON.stringify(
  Array.from({ length: 24 }, (_, hour) => ({
    timestamp: `${hour}:00`,
    pressure: 40 + ((hour * 7) % 13),
    flow: 20 + ((hour * 5) % 11),
  })),
)

const local = (name: string, defaultValue: unknown) => ({
  name,
  type: 'LOCAL_DATASOURCE_PLUGIN',
  settings: { defaultValue: typeof defaultValue === 'string' ? defaultValue : JSON.stringify(defaultValue) },
})

const everything: Record<string, TestWidget> = {
  line: {
    type: 'LINE_CHART_WIDGET_COMPONENT',
    props: {
      chartData: dynamic('id-rows', 'return this.datasource'),
      xAxisDataKey: 'timestamp',
      lines: [{ dataKey: 'pressure', type: 'monotone' }, { dataKey: 'flow' }],
      showLegend: true,
    },
  },
  bar: { type: 'BAR_CHART_WIDGET_COMPONENT', props: { chartData: dynamic('id-rows'), xAxisDataKey: 'timestamp' } },
  pie: {
    type: 'PIE_CHART_WIDGET_COMPONENT',
    props: { chartData: calculated('return [{name: "on", value: 3}, {name: "off", value: 1}]') },
  },
  scatter: {
    type: 'CB_SCATTER_PLOT',
    props: { chartData: calculated('return [{x: 1, y: 2}, {x: 2, y: 5}, {x: 4, y: 3}]') },
  },
  speed: { type: 'SPEEDOMETER_WIDGET', props: { value: calculated('return 63'), min: 0, max: 120, label: 'km/h' } },
  gauge: { type: 'RADIAL_GAUGE_WIDGET_COMPONENT', props: { value: dynamic('id-level'), max: 10 } },
  list: {
    type: 'LIST_WIDGET_COMPONENT',
    props: {
      listSource: calculated('return ["north", "south"].map(function (name) { return { label: name, value: name } })'),
      eventTarget: dynamic('id-chosen', undefined, 'return this.widget.value'),
    },
  },
  filter: {
    type: 'FILTERABLE_LIST_WIDGET_COMPONENT',
    props: {
      listTitle: 'Sensors',
      listSource: dynamic(
        'id-readings',
        'return this.datasource.DATA.map(function (r) { return { label: r.sensor + " " + r.value } })',
      ),
    },
  },
  groups: {
    type: 'GROUPING_LIST_WIDGET_COMPONENT',
    props: {
      listSource: dynamic('id-readings', 'return this.datasource.DATA'),
      groupingColumn: 'sensor',
      displayColumn: 'value',
    },
  },
  grid: {
    type: 'CrudgridWidget',
    props: {
      gridData: dynamic('id-readings', 'parser = (ctx) => ctx.data.DATA'),
      editCells: {
        sensor: { name: 'sensor', label: 'Sensor', orderIdx: 1 },
        value: { name: 'value', label: 'Value', orderIdx: 2, dataType: 'int' },
      },
      allowAdd: true,
      allowDelete: true,
      allowSearch: true,
      allowExport: true,
      enableSorting: true,
      pageSize: 8,
      addItemParser: dynamic('id-chosen', undefined, 'return "added " + JSON.stringify(this.widget)'),
      deleteItemParser: dynamic('id-chosen', undefined, 'return "deleted " + this.widget.value'),
    },
  },
  form: {
    type: 'FORM_WIDGET_COMPONENT',
    props: {
      listTitle: 'New reading',
      submitText: 'Save it',
      editColumns: {
        sensor: { name: 'sensor', label: 'Sensor name', orderIdx: 1, required: true },
        value: { name: 'value', label: 'Reading', orderIdx: 2, dataType: 'int' },
        checked: { name: 'checked', label: 'Checked', orderIdx: 3, dataType: 'bool' },
      },
      listSource: calculated('return { sensor: "pump 1", value: 7 }'),
      eventTarget: dynamic('id-chosen', undefined, 'return "form " + JSON.stringify(this.widget)'),
    },
  },
  press: {
    type: 'BUTTON_WIDGET_COMPONENT',
    props: { label: 'Double 21', eventTarget: dynamic('id-double', undefined, 'return { n: 21 }') },
  },
  doubled: {
    type: 'TEXT_WIDGET_COMPONENT',
    props: { textContent: dynamic('id-double', 'return "doubled to " + this.datasource.results.doubled') },
  },
  box: {
    type: 'INPUT_WIDGET_COMPONENT',
    props: {
      inputType: 'text',
      placeholder: 'Say something',
      inputVal: dynamic('id-chosen'),
      target: dynamic('id-chosen'),
    },
  },
  chosen: {
    type: 'TEXT_WIDGET_COMPONENT',
    props: { textContent: dynamic('id-chosen', 'return "chosen: " + this.datasource') },
  },
  toggle: {
    type: 'TOGGLE_WIDGET',
    props: { label: 'Pump', toggleState: dynamic('id-pump'), eventTarget: dynamic('id-pump') },
  },
  json: {
    type: 'JsonEditorWidget',
    props: {
      textContent: dynamic('id-level', 'return { level: this.datasource }'),
      updateParser: dynamic('id-level', undefined, 'return this.widget.level'),
    },
  },
  map: {
    type: 'GOOGLE_MAP_WIDGET_COMPONENT',
    props: {
      markers: calculated('return [{ lat: 52.5, lng: 13.4, label: "Berlin" }, { latitude: 48.1, longitude: 11.6 }]'),
    },
  },
  users: {
    type: 'TEXT_WIDGET_COMPONENT',
    props: {
      textContent: dynamic('id-people', 'return this.datasource.Data.map(function (u) { return u.email }).join()'),
    },
  },
  both: {
    type: 'TEXT_WIDGET_COMPONENT',
    props: {
      textContent: dynamic('id-both', 'return "pump is " + this.datasource.pump + ", level " + this.datasource.level'),
    },
  },
  free: { type: '', props: {} },
  strange: { type: 'RULE_BUILDER', props: {} },
}

const sources = datasources(
  local('rows', rows),
  local('level', 4),
  local('chosen', 'nothing yet'),
  local('pump', false),
  {
    name: 'double',
    type: 'CB_CODE_SERVICE',
    settings: { code_name: 'double', payload: '{"n": 2}', CALL_ON_LOAD: true },
  },
  { name: 'readings', type: 'CB_COLLECTION', settings: { collection_name: 'Readings' } },
  { name: 'people', type: 'CB_USER_LIST' },
  { name: 'both', type: 'DATASOURCE_AGGREGATOR', settings: { datasources: ['id-pump', 'id-level'] } },
)

test('all kinds of widgets stand on one page, show their data and give out what is done with them', async () => {
  const { page, problems, close, widget } = await opened(everything, sources)
  await widget('doubled').getByText('doubled to 4').waitFor()
  await widget('press').getByRole('button', { name: 'Double 21' }).click()
  await widget('doubled').getByText('doubled to 42').waitFor()
  await widget('users').getByText('op@example.com').waitFor()
  await widget('both').getByText('pump is false, level 4').waitFor()
  for (const id of ['line', 'bar', 'pie', 'scatter', 'speed', 'gauge'])
    await widget(id).locator('canvas').first().waitFor()
  await widget('map').locator('.leaflet-interactive').first().waitFor()
  await widget('strange').getByText('RULE_BUILDER is not known here').waitFor()

  await widget('list').getByRole('button', { name: 'south' }).click()
  await widget('chosen').getByText('chosen: south').waitFor()
  assert.equal(await widget('box').getByRole('textbox').inputValue(), 'south')
  await widget('box').getByRole('textbox').fill('typed')
  await widget('box').getByRole('textbox').press('Enter')
  await widget('chosen').getByText('chosen: typed').waitFor()

  await widget('filter').getByRole('searchbox').fill('pump 1 ')
  assert.equal(await widget('filter').getByRole('button').count(), 10)
  await widget('groups').getByText('pump 2', { exact: true }).waitFor()

  assert.equal(await widget('grid').locator('.tabulator-row').count(), 8)
  await widget('grid').getByRole('searchbox').fill('900')
  await widget('grid').locator('.tabulator-row').nth(1).waitFor({ state: 'detached' })
  await widget('grid').getByRole('button', { name: 'Delete' }).click()
  await widget('chosen').getByText('chosen: deleted 900').waitFor()
  await widget('grid').getByRole('button', { name: 'Add' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Sensor').fill('pump 9')
  await dialog.getByLabel('Value').fill('81')
  await dialog.getByRole('button', { name: 'Add' }).click()
  await widget('chosen').getByText('chosen: added {"sensor":"pump 9","value":81}').waitFor()

  await widget('form').getByLabel('Reading').fill('12')
  await widget('form').getByLabel('Checked').check()
  await widget('form').getByRole('button', { name: 'Save it' }).click()
  await widget('chosen').getByText('chosen: form {"sensor":"pump 1","value":12,"checked":true}').waitFor()
  await page.getByText('Form submitted').waitFor()

  await widget('toggle').getByRole('switch').check()
  await widget('both').getByText('pump is true, level 4').waitFor()
  await widget('json').getByRole('textbox').fill('{"level": 9')
  await widget('json').getByRole('button', { name: 'Save' }).click()
  await widget('json').getByText('This is no JSON yet').waitFor()
  await widget('json').getByRole('textbox').fill('{"level": 9}')
  await widget('json').getByRole('button', { name: 'Save' }).click()
  await widget('both').getByText('pump is true, level 9').waitFor()
  await picture(page, 'portal-widgets')
  assert.deepEqual(await faultsOf(page), [])
  assert.equal(await page.locator('.gh-trouble').count(), 0)
  assert.deepEqual(problems, [])
  await close()
})

test('the same page fits a narrow screen, where nothing is wider than it', async () => {
  const { page, problems, close, widget } = await opened(everything, sources, sizes[1])
  await widget('line').locator('canvas').first().waitFor()
  await widget('grid').locator('.tabulator-row').first().waitFor()
  await picture(page, 'portal-widgets')
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), sizes[1]!.width)
  assert.deepEqual(problems, [])
  await close()
})

test('what fails in a widget shows itself there, and the widgets beside it go on', async () => {
  const { page, close, widget } = await opened(
    {
      parser: {
        type: 'TEXT_WIDGET_COMPONENT',
        props: { textContent: dynamic('id-level', 'return this.datasource.nope.nope') },
      },
      syntax: { type: 'TEXT_WIDGET_COMPONENT', props: { textContent: calculated('return (') } },
      script: { type: 'HTML_WIDGET_COMPONENT', props: html('<b>still here</b>', 'throw new Error("not my day")') },
      promise: {
        type: 'TEXT_WIDGET_COMPONENT',
        props: { textContent: dynamic('id-level', 'parser = async () => { throw new Error("later") }') },
      },
      press: {
        type: 'BUTTON_WIDGET_COMPONENT',
        props: { label: 'Press', eventTarget: dynamic('id-level', undefined, 'return nope') },
      },
      chart: { type: 'LINE_CHART_WIDGET_COMPONENT', props: { chartData: calculated('return 7') } },
      nothing: { type: 'FORM_WIDGET_COMPONENT', props: null as unknown as Record<string, unknown> },
      good: { type: 'TEXT_WIDGET_COMPONENT', props: { textContent: fixed('all is well here') } },
    },
    datasources(local('level', 4)),
  )
  await widget('good').getByText('all is well here').waitFor()
  await widget('press').getByRole('button').click()
  for (const [id, words] of [
    ['parser', 'TypeError'],
    ['syntax', 'SyntaxError'],
    ['script', 'not my day'],
    ['promise', 'later'],
    ['press', 'nope is not defined'],
  ] as const) {
    await widget(id).getByRole('alert').getByText(words).waitFor()
  }
  await widget('script').getByText('still here').waitFor()
  assert.equal(await page.locator('.gh-trouble').count(), 5)
  await picture(page, 'portal-failures')
  await close()
})

test('datasources say why they have no data: refused by the node, or waiting for a part that is not there', async () => {
  const { page, close, widget } = await opened(
    {
      topic: { type: 'LINE_CHART_WIDGET_COMPONENT', props: { chartData: dynamic('id-feed') } },
      fine: { type: 'TEXT_WIDGET_COMPONENT', props: { textContent: fixed('fine') } },
    },
    datasources(
      { name: 'feed', type: 'CB_MESSAGE_TOPIC', settings: { TOPIC_NAME: 'sensor' } },
      { name: 'closed', type: 'CB_CODE_SERVICE', settings: { code_name: 'broken', CALL_ON_LOAD: true } },
      {
        name: 'quiet',
        type: 'CB_CODE_SERVICE',
        settings: { code_name: 'nope', CALL_ON_LOAD: true, SUPPRESS_DATASOURCE_ERRORS: true },
      },
      {
        name: 'junk',
        type: 'CB_CODE_SERVICE',
        settings: { code_name: 'nope', CALL_ON_LOAD: { nativeEvent: {} }, refresh_interval: { target: {} } },
      },
    ),
  )
  await widget('topic').getByText('feed waits for messaging').waitFor()
  await page.getByText('closed', { exact: true }).waitFor()
  assert.equal(await page.getByText('quiet', { exact: true }).count(), 0)
  await widget('fine').getByText('fine').waitFor()
  await close()
})

test('code of a portal finds its globals: pages, loader, notifications, flyout, modals, the SDK, datasources', async () => {
  const script = `
    var done = []
    var note = function (word) { done.push(word); $('#done').text(done.join(' ')) }
    if (CB_PORTAL.portalModel.name === portalTitle && document.title === portalTitle) note('model')
    if (CB_PORTAL.ClearBlade.systemKey && CB_PORTAL.ClearBlade.URI === location.origin && CB_PORTAL.ClearBlade._callTimeout === 30000) note('sdk')
    CB_PORTAL.ClearBlade.Code().execute('double', { n: 4 }, function (err, data) { note('code:' + (err || data.results.doubled)) })
    CB_PORTAL.ClearBlade.Collection({ collectionName: 'Readings' }).fetch(CB_PORTAL.ClearBlade.Query(), function (err, items) {
      note('rows:' + (err || items.length))
    })
    datasources.double.sendData({ n: 5 }).then(function (data) {
      note('sent:' + data.results.doubled + ':' + (datasources['double'].latestData() === data) + ':' + (datasources.double.lastUpdated instanceof Date))
      return datasources.double.refresh()
    }).then(function (data) { note('refreshed:' + data.results.doubled) })
    CB_PORTAL.Loader.waitFor(new Promise(function (done) { setTimeout(done, 30) }), 'mine').then(function () { note('waited') })
    CB_PORTAL.createNotification({ title: 'Hello from code' })
    $('#open').click(function () { CB_PORTAL.Modals.open('Details') })
    $('#shut').click(function () { CB_PORTAL.Modals.close('Details') })
    $('#menu').click(function () { CB_PORTAL.toggleFlyout() })
    $('#other').click(function () { CB_PORTAL.selectPage('/second page') })
    return 'top-level return'`
  const buttons = ['open', 'menu', 'other']
    .map((id) => `<button id="${id}" class="btn btn-default">${id}</button>`)
    .join('')
  const { page, problems, close, widget } = await opened(
    {
      code: {
        type: 'HTML_WIDGET_COMPONENT',
        props: html(`<div id="done"></div>${buttons}<span id="resource"></span>`, script),
      },
      other: {
        type: 'HTML_WIDGET_COMPONENT',
        page: 'Second Page',
        props: html(
          '<p id="times"></p><a href="#/home">home</a>',
          'window.timesShown = (window.timesShown || 0) + 1; $("#times").text("shown " + timesShown)',
        ),
      },
      inModal: { type: 'TEXT_WIDGET_COMPONENT', tab: 'modal-1', props: { textContent: fixed('in the modal') } },
      inFlyout: { type: 'TEXT_WIDGET_COMPONENT', tab: '', props: { textContent: fixed('in the flyout') } },
    },
    {
      ...datasources({
        name: 'double',
        type: 'CB_CODE_SERVICE',
        settings: { code_name: 'double', payload: '{"n": 8}' },
      }),
      userModals: { 'modal-1': { id: 'modal-1', name: 'Details', title: 'The details' } },
      flyoutWidgetLayout: { lg: [{ i: 'inFlyout', x: 0, y: 0, w: 1, h: 1 }] },
      internalResources: {
        b: { id: 'b', name: 'second.js', type: 'js', file: 'fromResource.push("second")' },
        a: { id: 'a', name: 'first.js', type: 'js', file: 'var fromResource = ["first"]' },
        c: { id: 'c', name: 'look.css', type: 'css', file: '#done { color: rgb(1, 2, 3) }' },
      },
      internalResourceOrder: ['a', 'b', 'c'],
    },
  )
  for (const word of ['model', 'sdk', 'code:8', 'rows:30', 'sent:10:true:true', 'refreshed:16', 'waited']) {
    await widget('code').getByText(word, { exact: false }).first().waitFor()
  }
  assert.deepEqual(await page.evaluate('fromResource'), ['first', 'second'])
  assert.equal(await page.locator('#done').evaluate((one) => getComputedStyle(one).color), 'rgb(1, 2, 3)')
  await page.getByText('Hello from code').waitFor()
  assert.equal(await page.evaluate('window.timesShown'), undefined, 'code ran before its page was shown')
  await page.locator('#open').click()
  await page.getByRole('dialog').getByText('in the modal').waitFor()
  await picture(page, 'portal-modal')
  await page.evaluate('CB_PORTAL.Modals.close("details")')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.locator('#menu').click()
  await page.getByText('in the flyout').waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('in the flyout').waitFor({ state: 'hidden' })
  await page.locator('#other').click()
  await page.getByText('shown 1').waitFor()
  await page.getByRole('link', { name: 'home' }).click()
  await page.locator('#other').click()
  await page.getByText('shown 2').waitFor()
  await page.goBack()
  await page.locator('#done').waitFor()
  for (const [hash, words] of [
    ['#/Nowhere%20at%20all', 'no page /Nowhere at all.'],
    ['#/%E0%A4%A', 'no page /%E0%A4%A.'],
  ] as const) {
    await page.evaluate((one) => (location.hash = one), hash)
    await page.getByText(words).waitFor()
  }
  assert.deepEqual(problems, [])
  await close()
})

test('a script that does not come is told, and what stands on the page is shown all the same', async () => {
  const nowhere = ['//127.0.0.1:1/charts.js', { url: 'http://127.0.0.1:1/look.css' }]
  const { page, close, widget } = await opened(
    {
      late: {
        type: 'HTML_WIDGET_COMPONENT',
        scripts: ['https://127.0.0.1:1/widget.js'],
        props: html('<p id="late"></p>', '$("#late").text("ran")'),
      },
      plain: { type: 'TEXT_WIDGET_COMPONENT', props: { textContent: fixed('plain') } },
    },
    { externalScripts: nowhere },
  )
  await page.getByText('https://127.0.0.1:1/charts.js did not come.').waitFor()
  await widget('late').getByText('ran').waitFor()
  await widget('plain').getByText('plain').waitFor()
  await page.getByText('https://127.0.0.1:1/widget.js did not come.').waitFor()
  await close()
})

test('libraries come only where a portal has a widget that needs them', async () => {
  const { page, close } = await opened({ a: { type: 'TEXT_WIDGET_COMPONENT', props: { textContent: fixed('plain') } } })
  await page.getByText('plain').waitFor()
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name))
  assert.ok(loaded.length > 2)
  assert.deepEqual(
    loaded.filter((name) => /charts|data-grid|map-/.test(name)),
    [],
  )
  await close()
})
