/**
 * A package with an asset of every kind that the format knows, in the newer layout, as `cb-cli` would have written it; all of
 * its text is our own. For tests of what is kept and read again.
 */
import { column, library, role, rowId, service } from './import.fixture.ts'

export const secretTexts = ['hush-hush', 'db-password', 'db.internal.example.com', 'platform-bucket-key', 'store-key']

const portal = {
  name: 'Line',
  type: 'custom_v2',
  description: 'what the line does',
  last_updated: '2024-02-01T10:00:00Z',
  config: { pages: { Home: { id: 'Home', name: 'Home' } }, cols: { lg: 12 } },
}

export const widget = {
  id: 'w1',
  type: 'HTML_WIDGET_COMPONENT',
  tab: 'tab1',
  props: {
    title: { dataType: 'STATIC_DATA_TYPE', value: 'Line 1' },
    html: {
      dataType: 'DYNAMIC_DATA_TYPE',
      id: 'd1',
      incoming_parser: { isDebugOn: false, value: { HTML: '<p>now</p>', CSS: 'p {}', JavaScript: 'return 1' } },
      outgoing_parser: { isDebugOn: false, value: 'return this.widget' },
    },
    plain: 7,
  },
}

export const datasource = {
  id: 'd1',
  name: 'rates',
  type: 'CB_CODE_SERVICE',
  settings: { code_name: 'poll', USE_PARSER: true, DATASOURCE_PARSER: 'return this.datasource' },
}

export const resource = { id: 'r1', name: 'base.css', type: 'css', file: 'body { margin: 0 }' }

/** The same portal as one config, and as the folder that newer packages have. */
export const wholePortal = {
  ...portal,
  config: {
    ...portal.config,
    widgets: { w1: widget },
    datasources: { d1: datasource },
    internalResources: { r1: resource },
  },
}

const inFolder = (path: string): string => `./config/${path}`

function exploded(name: string): Record<string, unknown> {
  const root = `portals/${name}`
  const at = `${root}/config`
  const { props, ...meta } = widget
  const parsers = 'widgets/HTML_WIDGET_COMPONENT_w1/parsers'
  const { incoming_parser, outgoing_parser } = props.html
  return {
    [`${root}/${name}.json`]: {
      ...portal,
      name,
      config: {
        ...portal.config,
        widgets: inFolder('widgets'),
        datasources: inFolder('datasources'),
        internalResources: inFolder('internalResources'),
      },
    },
    [`${at}/widgets/HTML_WIDGET_COMPONENT_w1/meta.json`]: meta,
    [`${at}/widgets/HTML_WIDGET_COMPONENT_w1/settings.json`]: {
      ...props,
      title: { ...props.title, value: inFolder(`${parsers}/title/incoming_parser/index.js`) },
      html: {
        ...props.html,
        incoming_parser: {
          ...incoming_parser,
          value: {
            HTML: inFolder(`${parsers}/html/incoming_parser/index.html`),
            CSS: inFolder(`${parsers}/html/incoming_parser/index.css`),
            JavaScript: inFolder(`${parsers}/html/incoming_parser/index.js`),
          },
        },
        outgoing_parser: { ...outgoing_parser, value: inFolder(`${parsers}/html/outgoing_parser/index.js`) },
      },
    },
    [`${at}/${parsers}/title/incoming_parser/index.js`]: props.title.value,
    [`${at}/${parsers}/html/incoming_parser/index.html`]: incoming_parser.value.HTML,
    [`${at}/${parsers}/html/incoming_parser/index.css`]: incoming_parser.value.CSS,
    [`${at}/${parsers}/html/incoming_parser/index.js`]: incoming_parser.value.JavaScript,
    [`${at}/${parsers}/html/outgoing_parser/index.js`]: outgoing_parser.value,
    [`${at}/datasources/rates/meta.json`]: {
      ...datasource,
      settings: { ...datasource.settings, DATASOURCE_PARSER: inFolder('datasources/rates/parser.js') },
    },
    [`${at}/datasources/rates/parser.js`]: datasource.settings.DATASOURCE_PARSER,
    [`${at}/internalResources/base.css/meta.json`]: {
      ...resource,
      file: inFolder('internalResources/base.css/base.css'),
    },
    [`${at}/internalResources/base.css/base.css`]: resource.file,
  }
}

const readings = Array.from({ length: 230 }, (_, index) => ({
  item_id: rowId(index + 1),
  place: `p${index % 7}`,
  heat: index,
  at: '2024-01-01T00:00:00Z',
}))

const manyRoles = Object.fromEntries(
  Array.from({ length: 30 }, (_, index) => `crew ${String(index).padStart(2, '0')}`).map((name) => [
    `roles/${name}.json`,
    role(name, { CodeServices: [{ Name: 'poll', Level: 1 }] }, 'one of many'),
  ]),
)

const files: Record<string, unknown> = {
  'system.json': { name: 'Every kind', description: 'one of each', system_key: '', system_secret: '', auth: true },
  'package.json': { name: 'every-kind', version: '1.0.0' },
  'ipm.json': { name: 'every-kind', version: '1.0.0' },
  'README.md': '# Every kind\n',
  'deploy.json': { deployInfo: [] },
  ...library('Shared', 'var SHARED = 1'),
  ...library('Based', 'var BASED = SHARED', 'Shared'),
  ...service('poll', {
    dependencies: 'Based,Shared',
    run_user: 'bot@example.com',
    params: ['a'],
    logging_enabled: true,
  }),
  ...service('greet', { execution_timeout: -1, auto_restart: true, concurrency: 2, log_level: 'info' }),
  'data/Readings.json': {
    name: 'Readings',
    schema: [
      { ColumnName: 'item_id', ColumnType: 'uuid', PK: true },
      ...[column('place', 'string'), column('heat', 'int'), column('at', 'timestamp')],
    ],
    indexes: { Data: [{ name: 'place', type: 'Nonunique Index' }], Total: 1 },
    items: readings,
  },
  'data/Empty.json': { name: 'Empty', schema: [column('more', 'jsonb')], indexes: { Data: [], Total: 0 }, items: [] },
  'data/Outside.json': { name: 'Outside', isConnect: true, schema: [], items: [] },
  'roles/Administrator.json': role('Administrator', { Timers: { Level: 15 } }),
  'roles/Anonymous.json': role('Anonymous', { CodeServices: [{ Name: 'greet', Level: 1 }] }),
  'roles/Authenticated.json': role('Authenticated', { Portals: [{ Name: 'Line', Level: 1 }] }),
  'roles/helper.json': role('helper', {
    Collections: [{ Name: 'Readings', Level: 15, Columns: [], Items: [] }],
    Topics: [{ Name: 'a/#', Level: 3 }],
    UsersList: { Level: 1 },
  }),
  ...manyRoles,
  'users/schema.json': { columns: [column('sms_phone', 'string')] },
  'users/bot@example.com.json': { email: 'bot@example.com', sms_phone: '+1', cb_service_account: true },
  'users/roles/bot@example.com.json': ['Authenticated', 'helper'],
  'users/jo@example.com.json': { email: 'jo@example.com', sms_phone: null, cb_service_account: false },
  'users/roles/jo@example.com.json': ['Authenticated'],
  ...exploded('Line'),
  'portals/Old.json': { ...wholePortal, name: 'Old' },
  'triggers/onRow.json': {
    name: 'onRow',
    service_name: 'poll',
    event_definition: { def_module: 'Data', def_name: 'ItemCreated', def_keys: ['collectionName'], visibility: true },
    key_value_pairs: { collectionName: 'Readings' },
    disabled: false,
  },
  'timers/daily.json': {
    name: 'daily',
    description: 'at night',
    service_name: 'poll',
    frequency: 86_400,
    repeats: -1,
    start_time: '2024-01-01T00:00:00Z',
    disabled: true,
  },
  'devices/schema.json': { columns: [column('site', 'string')] },
  'devices/meter.json': {
    name: 'meter',
    type: 'modbus',
    state: 'ok',
    description: 'a meter',
    enabled: true,
    allow_key_auth: true,
    allow_certificate_auth: false,
    certificate: '',
    active_key: 'exporters-device-key',
    cb_token: 'exporters-device-token',
    site: 'north',
  },
  'devices/roles/meter.json': ['Authenticated', 'helper'],
  'devices/valve.json': { name: 'valve', type: '', state: '', description: '', enabled: false, site: null },
  'edges/schema.json': { columns: [column('floor', 'int')] },
  'edges/hall.json': {
    name: 'hall',
    token: 'exporters-edge-token',
    description: 'the hall',
    location: '52,13',
    mac_address: '',
    floor: 2,
  },
  'deployments/all.json': {
    name: 'all',
    description: 'to the hall',
    edges: ['hall', '___ALL_EDGES___'],
    assets: [
      { asset_class: 'Readings', asset_id: '', sync_to_edge: true, sync_to_platform: false },
      { asset_class: 'services', asset_id: 'poll', sync: true },
    ],
  },
  'adapters/modbus/modbus.json': {
    name: 'modbus',
    description: 'reads meters',
    architecture: 'arm64',
    os: 'linux',
    protocol: 'modbus',
    start_command: './run',
    stop_command: '',
    status_command: '',
    logs_command: '',
    deploy_command: '',
    undeploy_command: '',
  },
  'adapters/modbus/files/run/run': Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0xff, 0xfe]),
  'adapters/modbus/files/run/run.json': {
    ...{ adaptor_name: 'modbus', name: 'run', path_name: './run', owner: 'root', group: 'root', permissions: '755' },
  },
  'adapters/modbus/files/list.json/list.json': '{"a": 1}',
  'adapters/modbus/files/list.json/list.json.json': {
    ...{ adaptor_name: 'modbus', name: 'list.json', path_name: './', owner: '', group: '', permissions: '644' },
  },
  'plugins/dial.json': { name: 'dial', url: 'https://widgets.example.com/dial.js' },
  'webhooks/in.json': { name: 'in', description: '', service_name: 'poll', auth_method: 'payload_auth', path: '' },
  'shared-caches/last.json': { name: 'last', description: 'newest values', ttl: 60 },
  'external-databases/erp.json': {
    name: 'erp',
    dbtype: 'postgres',
    credentials: { address: secretTexts[2], port: 5432, dbname: 'erp', user: 'u', password: secretTexts[1] },
  },
  'bucket-sets/docs.json': {
    name: 'docs',
    platform_storage: 'google',
    platform_config: { key: secretTexts[3] },
    edge_storage: 'local',
    edge_config: {},
  },
  'bucket-set-files/docs/inbox/deep/a.bin': Buffer.from([1, 0, 255]),
  'bucket-set-files/docs/outbox/b.txt': 'b',
  'file-stores/archive.json': {
    name: 'archive',
    storage_type: 's3',
    storage_config: { key: secretTexts[4] },
    read_auth_method: 'token',
    write_auth_method: 'token',
  },
  'file-stores-files/archive/2024/a b.txt': 'one line',
  'file-stores-files/archive/c.txt': 'another line',
  'secrets/api.json': { name: 'api', secret: secretTexts[0] },
  'message-history-storage/storage.json': [
    { topic: 'a/#', max_rows: 100, max_time: 3600, edge: false, platform: true },
  ],
  'message-type-triggers/triggers.json': [{ message_type: 'reading', topic_pattern: 'a/+/b' }],
}

export const everyKindFiles = (): Map<string, Buffer> =>
  new Map(
    Object.entries(files).map(([path, value]) => [
      path,
      value instanceof Buffer ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    ]),
  )
