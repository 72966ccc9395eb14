/**
 * Every option of a node, declared once: its flag, environment name, default, what it means and whether it is secret.
 * Help, checks and docs come from this table. Only this folder reads the environment.
 */

export type OptionDeclaration = {
  /** Flag without the dashes; also the key of the parsed value. */
  flag: string
  env?: string
  /** What stands for the value in help; absent for switches. */
  value?: string
  default?: string
  prose: string
  secret?: true
}

export const optionDeclarations = [
  {
    flag: 'port',
    env: 'GATEHOUSE_PORT',
    value: 'PORT',
    default: '9000',
    prose: 'Port to listen on; 0 picks a free one',
  },
  { flag: 'host', env: 'GATEHOUSE_HOST', value: 'ADDRESS', default: '127.0.0.1', prose: 'Address to listen on' },
  {
    flag: 'data',
    env: 'GATEHOUSE_DATA',
    value: 'FOLDER',
    default: './data',
    prose: 'Folder of the database and the node key',
  },
  { flag: 'url', env: 'GATEHOUSE_URL', value: 'URL', prose: 'Public URL of this node; default http://localhost:PORT' },
  {
    flag: 'portal-url',
    env: 'GATEHOUSE_PORTAL_URL',
    value: 'PATTERN',
    prose:
      'Where portals are, as https://{system}.portals.example.com; default http://{system}.localhost:PORT, none in production',
  },
  {
    flag: 'database-url',
    env: 'DATABASE_URL',
    value: 'URL',
    prose: 'PostgreSQL to use instead of SQLite',
    secret: true,
  },
  {
    flag: 'mode',
    env: 'GATEHOUSE_MODE',
    value: 'MODE',
    default: 'development',
    prose: 'development (loopback only) or production (wants https)',
  },
  { flag: 'insecure-http', env: 'GATEHOUSE_INSECURE_HTTP', prose: 'In production, accept a public URL without https' },
  { flag: 'tls-cert', env: 'GATEHOUSE_TLS_CERT', value: 'FILE', prose: 'Certificate (PEM) to serve https with' },
  { flag: 'tls-key', env: 'GATEHOUSE_TLS_KEY', value: 'FILE', prose: 'Private key (PEM) of that certificate' },
  {
    flag: 'trusted-proxies',
    env: 'GATEHOUSE_TRUSTED_PROXIES',
    value: 'LIST',
    prose: 'Addresses or blocks of proxies whose X-Forwarded-For is believed; none by default',
  },
  {
    flag: 'key-file',
    env: 'GATEHOUSE_KEY_FILE',
    value: 'FILE',
    prose: 'The node key; default node.key in the data folder',
  },
  {
    flag: 'route',
    env: 'GATEHOUSE_ROUTES',
    value: 'FROM=TO',
    prose:
      'Send what code requests from one origin to another, as https://api.example.com=http://127.0.0.1:9555; comma-separated',
  },
  {
    flag: 'egress-allow',
    env: 'GATEHOUSE_EGRESS_ALLOW',
    value: 'LIST',
    prose: 'Private hosts or address blocks that services may reach, as 10.1.0.0/16,printer.local; comma-separated',
  },
  {
    flag: 'geoip',
    env: 'GATEHOUSE_GEOIP',
    value: 'FILE',
    prose: "Country database in MaxMind's format (.mmdb), for rules of sign-in; none by default",
  },
  {
    flag: 'audit-days',
    env: 'GATEHOUSE_AUDIT_DAYS',
    value: 'DAYS',
    default: '90',
    prose: 'How long rows of the audit are kept',
  },
  {
    flag: 'change-log-days',
    env: 'GATEHOUSE_CHANGE_LOG_DAYS',
    value: 'DAYS',
    default: '30',
    prose: 'How long an edge that is away finds what it missed, 1 to 30; after that it is brought everything',
  },
  {
    flag: 'weak-sandbox',
    env: 'GATEHOUSE_WEAK_SANDBOX',
    prose: 'In production, run without kernel namespaces round the engine',
  },
  {
    flag: 'log-level',
    env: 'GATEHOUSE_LOG_LEVEL',
    value: 'LEVEL',
    default: 'info',
    prose: 'trace, debug, info, warn or error',
  },
] as const satisfies readonly OptionDeclaration[]

/** Read once, at the first start on an empty database; never kept. */
export const firstDeveloperEnvironment = {
  email: 'GATEHOUSE_DEVELOPER_EMAIL',
  password: 'GATEHOUSE_DEVELOPER_PASSWORD',
} as const

export type OptionFlag = (typeof optionDeclarations)[number]['flag']
