/**
 * The schema's history: forward only, applied at start in one transaction under a lock, so that two nodes may start at
 * once. A database that a newer Gatehouse has touched is refused.
 */
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Dialect } from './dialect/database.ts'

type Migration = { name: string; up(db: Transaction<never>, dialect: Dialect): Promise<void> }

export class DatabaseTooNew extends Error {
  override readonly name = 'DatabaseTooNew'
}

// The migrations speak to whatever tables their time had, so they are not typed by the present schema.
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyDb = Kysely<any>

const firstSchema: Migration = {
  name: '001 first schema',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('developers')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('email', text, (c) => c.notNull())
      .addColumn('email_key', text, (c) => c.notNull().unique())
      .addColumn('password_hash', text, (c) => c.notNull())
      .addColumn('first_name', text, (c) => c.notNull())
      .addColumn('last_name', text, (c) => c.notNull())
      .addColumn('organisation', text, (c) => c.notNull())
      .addColumn('admin', 'integer', (c) => c.notNull())
      .addColumn('disabled', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('last_login_at', 'bigint')
      .execute()
    await db.schema
      .createTable('invitations')
      .addColumn('hash', text, (c) => c.primaryKey())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addColumn('used_at', 'bigint')
      .execute()
    await db.schema
      .createTable('systems')
      .addColumn('key', text, (c) => c.primaryKey())
      .addColumn('secret', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('description', text, (c) => c.notNull())
      .addColumn('owner_id', text, (c) => c.notNull())
      .addColumn('settings', text, (c) => c.notNull())
      .addColumn('revision', 'bigint', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('sessions')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('token_hash', text, (c) => c.notNull().unique())
      .addColumn('refresh_hash', text, (c) => c.unique())
      .addColumn('family', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('subject_id', text, (c) => c.notNull())
      .addColumn('granted_by', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addColumn('refresh_until', 'bigint')
      .addColumn('ended_at', 'bigint')
      .addColumn('end_reason', text)
      .addColumn('address', text, (c) => c.notNull())
      .execute()
    await db.schema.createIndex('sessions_by_subject').on('sessions').columns(['system_key', 'subject_id']).execute()
    await db.schema.createIndex('sessions_by_family').on('sessions').column('family').execute()
    await db.schema
      .createTable('accounts')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('email_key', text, (c) => c.notNull())
      .addColumn('password_hash', text)
      .addColumn('password_stamp', text, (c) => c.notNull())
      .addColumn('password_weak', 'integer', (c) => c.notNull())
      .addColumn('disabled', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('accounts_key', ['system_key', 'user_id'])
      .addUniqueConstraint('accounts_email', ['system_key', 'email_key'])
      .execute()
    await db.schema
      .createTable('collections')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('name_key', text, (c) => c.notNull())
      .addColumn('table_name', text, (c) => c.notNull().unique())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addUniqueConstraint('collections_name', ['system_key', 'kind', 'name_key'])
      .execute()
    await db.schema
      .createTable('collection_columns')
      .addColumn('collection_id', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('type', text, (c) => c.notNull())
      .addColumn('position', 'integer', (c) => c.notNull())
      .addPrimaryKeyConstraint('collection_columns_key', ['collection_id', 'name'])
      .execute()
    await db.schema
      .createTable('roles')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('id', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('description', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('roles_key', ['system_key', 'id'])
      .addUniqueConstraint('roles_name', ['system_key', 'name'])
      .execute()
    await db.schema
      .createTable('grants')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('role_id', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('item', text, (c) => c.notNull())
      .addColumn('level', 'integer', (c) => c.notNull())
      .addPrimaryKeyConstraint('grants_key', ['system_key', 'role_id', 'kind', 'item'])
      .execute()
    await db.schema
      .createTable('memberships')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('role_id', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('memberships_key', ['system_key', 'user_id', 'role_id'])
      .execute()
    await db.schema.createIndex('memberships_by_role').on('memberships').columns(['system_key', 'role_id']).execute()
    await db.schema
      .createTable('code_units')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('current_version', 'integer', (c) => c.notNull())
      .addColumn('latest_version', 'integer', (c) => c.notNull())
      .addColumn('settings', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('code_units_key', ['system_key', 'kind', 'name'])
      .execute()
    await db.schema
      .createTable('code_versions')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('source', text, (c) => c.notNull())
      .addColumn('compiled', text)
      .addColumn('problem', text)
      .addColumn('dialect', text, (c) => c.notNull())
      .addColumn('dependencies', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('code_versions_key', ['system_key', 'kind', 'name', 'version'])
      .execute()
    await db.schema
      .createTable('proofs')
      .addColumn('hash', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('origin', text, (c) => c.notNull())
      .addColumn('service', text, (c) => c.notNull())
      .addColumn('run_id', text, (c) => c.notNull())
      .addColumn('password_stamp', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addColumn('redeemed_at', 'bigint')
      .execute()
    await db.schema.createIndex('proofs_by_expiry').on('proofs').column('expires_at').execute()
    await db.schema
      .createTable('failures')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('account_id', text, (c) => c.notNull())
      .addColumn('count', 'integer', (c) => c.notNull())
      .addColumn('last_at', 'bigint', (c) => c.notNull())
      .addColumn('blocked_until', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('failures_key', ['system_key', 'account_id'])
      .execute()
    for (const [table, own] of [
      ['sign_in_traces', 'decision'],
      ['failed_runs', 'service'],
    ] as const) {
      await db.schema
        .createTable(table)
        .addColumn('id', text, (c) => c.primaryKey())
        .addColumn('system_key', text, (c) => c.notNull())
        .addColumn(own, text, (c) => c.notNull())
        .addColumn('at', 'bigint', (c) => c.notNull())
        .addColumn('record', text, (c) => c.notNull())
        .execute()
      await db.schema.createIndex(`${table}_by_time`).on(table).columns(['system_key', 'at']).execute()
    }
    await db.schema
      .createTable('run_logs')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('service', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('run_ms', 'integer', (c) => c.notNull())
      .addColumn('log', text, (c) => c.notNull())
      .execute()
    await db.schema.createIndex('run_logs_by_time').on('run_logs').columns(['system_key', 'service', 'at']).execute()
    await db.schema
      .createTable('change_heads')
      .addColumn('system_key', text, (c) => c.primaryKey())
      .addColumn('incarnation', text, (c) => c.notNull())
      .addColumn('position', 'bigint', (c) => c.notNull())
      .addColumn('stamp_ms', 'bigint', (c) => c.notNull())
      .addColumn('stamp_count', 'integer', (c) => c.notNull())
      .addColumn('chain', text, (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('changes')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('position', 'bigint', (c) => c.notNull())
      .addColumn('incarnation', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('id', text, (c) => c.notNull())
      .addColumn('operation', text, (c) => c.notNull())
      .addColumn('columns', text, (c) => c.notNull())
      .addColumn('stamp', text, (c) => c.notNull())
      .addColumn('chain', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('changes_key', ['system_key', 'position'])
      .execute()
  },
}

const packages: Migration = {
  name: '002 packages',
  async up(tx, dialect) {
    const db = tx as AnyDb
    const text = 'text'
    const bytes = dialect.kind === 'sqlite' ? 'blob' : 'bytea'
    await db.schema
      .createTable('kept_assets')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('path', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('sensitive', 'integer', (c) => c.notNull())
      .addColumn('bytes', bytes, (c) => c.notNull())
      .addPrimaryKeyConstraint('kept_assets_key', ['system_key', 'path'])
      .execute()
    await db.schema
      .createTable('asset_extras')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('extra', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('asset_extras_key', ['system_key', 'kind', 'name'])
      .execute()
    await db.schema
      .createTable('installed_packages')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('source', text, (c) => c.notNull())
      .addColumn('content_hash', text, (c) => c.notNull())
      .addColumn('files', bytes, (c) => c.notNull())
      .addColumn('readme', text, (c) => c.notNull())
      .addColumn('installed_at', 'bigint', (c) => c.notNull())
      .addColumn('installed_by', text, (c) => c.notNull())
      .addUniqueConstraint('installed_packages_name', ['system_key', 'name'])
      .execute()
  },
}

const undoAndCatalogues: Migration = {
  name: '003 undo of packages, catalogues',
  async up(tx, dialect) {
    const db = tx as AnyDb
    await db.schema
      .alterTable('installed_packages')
      .addColumn('undo', dialect.kind === 'sqlite' ? 'blob' : 'bytea')
      .execute()
    await db.schema
      .createTable('catalogues')
      .addColumn('url', 'text', (c) => c.primaryKey())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('added_at', 'bigint', (c) => c.notNull())
      .addColumn('added_by', 'text', (c) => c.notNull())
      .execute()
  },
}

const sending: Migration = {
  name: '004 sending',
  async up(tx, dialect) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('secrets')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('sealed', text, (c) => c.notNull())
      .addColumn('hosts', text, (c) => c.notNull())
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addColumn('updated_by', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('secrets_key', ['system_key', 'name'])
      .execute()
    await db.schema
      .createTable('inbox_messages')
      // The order in which they came, also within one millisecond.
      .addColumn('position', dialect.kind === 'sqlite' ? 'integer' : 'bigserial', (c) =>
        dialect.kind === 'sqlite' ? c.primaryKey().autoIncrement() : c.primaryKey(),
      )
      .addColumn('id', text, (c) => c.notNull().unique())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('recipient', text, (c) => c.notNull())
      .addColumn('sender', text, (c) => c.notNull())
      .addColumn('service_sid', text)
      .addColumn('body', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createIndex('inbox_messages_by_position')
      .on('inbox_messages')
      .columns(['system_key', 'position'])
      .execute()
    await db.schema.createIndex('inbox_messages_by_time').on('inbox_messages').column('at').execute()
    await db.schema
      .createTable('messages')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('challenge_id', text)
      .addColumn('account_id', text)
      .addColumn('number_hash', text, (c) => c.notNull())
      .addColumn('body_hash', text, (c) => c.notNull())
      .addColumn('prefix', text, (c) => c.notNull())
      .addColumn('provider', text, (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('provider_id', text, (c) => c.notNull())
      .addColumn('attempts', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addColumn('entered_at', 'bigint')
      // Messages without a challenge have NULL there, which equals nothing.
      .addUniqueConstraint('messages_once', ['system_key', 'challenge_id', 'provider'])
      .execute()
    await db.schema
      .createIndex('messages_by_prefix')
      .on('messages')
      .columns(['system_key', 'prefix', 'created_at'])
      .execute()
    await db.schema.createIndex('messages_by_time').on('messages').column('created_at').execute()
    await db.schema
      .createTable('send_counts')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('subject', text, (c) => c.notNull())
      .addColumn('began_at', 'bigint', (c) => c.notNull())
      .addColumn('count', 'integer', (c) => c.notNull())
      .addPrimaryKeyConstraint('send_counts_key', ['system_key', 'kind', 'subject'])
      .execute()
  },
}

const secondFactors: Migration = {
  name: '005 authenticators and challenges',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('authenticators')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('label', text, (c) => c.notNull())
      .addColumn('sealed', text, (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('failures', 'integer', (c) => c.notNull())
      .addColumn('blocked_until', 'bigint', (c) => c.notNull())
      .addColumn('bound_at', 'bigint', (c) => c.notNull())
      .addColumn('bound_by', text, (c) => c.notNull())
      .addColumn('used_at', 'bigint')
      .addUniqueConstraint('authenticators_of_user', ['system_key', 'user_id', 'kind'])
      .execute()
    await db.schema
      .createTable('challenges')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('handle_hash', text, (c) => c.notNull().unique())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('authenticator_id', text, (c) => c.notNull())
      .addColumn('code_hash', text, (c) => c.notNull())
      .addColumn('password_stamp', text, (c) => c.notNull())
      .addColumn('service', text, (c) => c.notNull())
      .addColumn('tries', 'integer', (c) => c.notNull())
      .addColumn('sends', 'integer', (c) => c.notNull())
      .addColumn('attempt_at', 'bigint', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addColumn('ended_at', 'bigint')
      .addColumn('end_reason', text)
      .execute()
    await db.schema
      .createIndex('challenges_by_authenticator')
      .on('challenges')
      .columns(['authenticator_id', 'created_at'])
      .execute()
    await db.schema.createIndex('challenges_by_expiry').on('challenges').column('expires_at').execute()
    await db.schema
      .alterTable('proofs')
      .addColumn('factors', text, (c) => c.notNull().defaultTo('password'))
      .execute()
    await db.schema
      .alterTable('sessions')
      .addColumn('factors', text, (c) => c.notNull().defaultTo(''))
      .execute()
  },
}

const authenticatorApps: Migration = {
  name: '006 authenticator apps, recovery codes and enrolment',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .alterTable('authenticators')
      .addColumn('last_step', 'bigint', (c) => c.notNull().defaultTo(0))
      .execute()
    await db.schema
      .createTable('recovery_codes')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('authenticator_id', text, (c) => c.notNull())
      .addColumn('selector', text, (c) => c.notNull())
      .addColumn('code_hash', text, (c) => c.notNull())
      .addColumn('used_at', 'bigint')
      .addUniqueConstraint('recovery_codes_by_selector', ['authenticator_id', 'selector'])
      .execute()
    await db.schema
      .createIndex('recovery_codes_of_user')
      .on('recovery_codes')
      .columns(['system_key', 'user_id'])
      .execute()
    await db.schema
      .createTable('enrolments')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('code_hash', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', text, (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('enrolments_key', ['system_key', 'user_id'])
      .execute()
    await db.schema
      .createTable('pending_authenticators')
      .addColumn('id', text, (c) => c.notNull())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('sealed', text, (c) => c.notNull())
      .addColumn('begun_by', text, (c) => c.notNull())
      .addColumn('failures', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('pending_authenticators_key', ['system_key', 'user_id'])
      .execute()
  },
}

const withdrawal: Migration = {
  name: '007 auth services that withdraw themselves',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('safe_versions')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('service', text, (c) => c.notNull())
      .addColumn('code', text, (c) => c.notNull())
      .addColumn('assembly', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('safe_versions_key', ['system_key', 'service'])
      .execute()
    await db.schema
      .createTable('version_outcomes')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('code', text, (c) => c.notNull())
      .addColumn('account_id', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('erred', 'integer', (c) => c.notNull())
      .addColumn('erred_at', 'bigint', (c) => c.notNull())
      .addColumn('address_hash', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('version_outcomes_key', ['system_key', 'code', 'account_id'])
      .execute()
  },
}

const passkeys: Migration = {
  name: '008 passkeys',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    // A user has several passkeys, and SQLite drops a constraint with its table alone.
    await db.schema
      .createTable('authenticators_next')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('label', text, (c) => c.notNull())
      .addColumn('sealed', text, (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('failures', 'integer', (c) => c.notNull())
      .addColumn('blocked_until', 'bigint', (c) => c.notNull())
      .addColumn('bound_at', 'bigint', (c) => c.notNull())
      .addColumn('bound_by', text, (c) => c.notNull())
      .addColumn('used_at', 'bigint')
      .addColumn('last_step', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('credential_hash', text)
      .addColumn('rp_id', text)
      .addColumn('sign_count', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('backed_up', 'integer')
      .execute()
    const kept = sql.raw(
      'id, system_key, user_id, kind, label, sealed, state, failures, blocked_until, bound_at, bound_by, used_at, last_step',
    )
    await sql`insert into authenticators_next (${kept}) select ${kept} from authenticators`.execute(db)
    await db.schema.dropTable('authenticators').execute()
    await db.schema.alterTable('authenticators_next').renameTo('authenticators').execute()
    await db.schema
      .createIndex('authenticators_of_user')
      .on('authenticators')
      .columns(['system_key', 'user_id', 'kind'])
      .execute()
    await sql`create unique index authenticators_one_of_kind on authenticators (system_key, user_id, kind)
      where kind <> 'passkey'`.execute(db)
    // What has no credential has NULL there, which equals nothing.
    await db.schema
      .createIndex('authenticators_by_credential')
      .unique()
      .on('authenticators')
      .columns(['system_key', 'credential_hash'])
      .execute()
  },
}

const recordedSignIns: Migration = {
  name: '009 recorded sign-ins',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('recorded_sign_ins')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addColumn('bytes', 'integer', (c) => c.notNull())
      .addColumn('record', text, (c) => c.notNull())
      .execute()
    await db.schema
      .createIndex('recorded_sign_ins_of_system')
      .on('recorded_sign_ins')
      .columns(['system_key', 'at'])
      .execute()
    await db.schema.createIndex('recorded_sign_ins_by_end').on('recorded_sign_ins').column('expires_at').execute()
  },
}

const noticesAndDevices: Migration = {
  name: '010 notices to users, and remembered devices',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('notices')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('channel', text, (c) => c.notNull())
      .addColumn('recipient', text, (c) => c.notNull())
      .addColumn('body', text, (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('attempts', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('due_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('notices_due').on('notices').columns(['state', 'due_at']).execute()
    await db.schema.createIndex('notices_of_system').on('notices').columns(['system_key', 'state']).execute()
    await db.schema
      .createTable('remembered_devices')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('token_hash', text, (c) => c.notNull().unique())
      .addColumn('password_stamp', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addColumn('used_at', 'bigint')
      .addColumn('user_agent', text, (c) => c.notNull())
      .execute()
    await db.schema
      .createIndex('remembered_devices_of_user')
      .on('remembered_devices')
      .columns(['system_key', 'user_id'])
      .execute()
  },
}

const portalDrafts: Migration = {
  name: '011 unsaved portals that are looked at',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('portal_drafts')
      .addColumn('token_hash', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('config', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('portal_drafts_of_system').on('portal_drafts').columns(['system_key']).execute()
  },
}

const sharedSystems: Migration = {
  name: '013 systems shared between developers',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('system_developers')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('developer_id', text, (c) => c.notNull())
      .addColumn('added_at', 'bigint', (c) => c.notNull())
      .addColumn('added_by', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('system_developers_key', ['system_key', 'developer_id'])
      .execute()
    await db.schema
      .createIndex('system_developers_by_developer')
      .on('system_developers')
      .column('developer_id')
      .execute()
  },
}

const audit: Migration = {
  name: '014 audit',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('audit_rows')
      .addColumn('node', text, (c) => c.notNull())
      .addColumn('position', 'bigint', (c) => c.notNull())
      .addColumn('previous', text, (c) => c.notNull())
      .addColumn('hash', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('action', text, (c) => c.notNull())
      .addColumn('subject', text, (c) => c.notNull())
      .addColumn('who', text, (c) => c.notNull())
      .addColumn('who_id', text, (c) => c.notNull())
      .addColumn('address', text, (c) => c.notNull())
      .addColumn('user_agent', text, (c) => c.notNull())
      .addColumn('run', text, (c) => c.notNull())
      .addColumn('details', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('audit_rows_key', ['node', 'position'])
      .execute()
    await db.schema.createIndex('audit_rows_by_time').on('audit_rows').column('at').execute()
    await db.schema.createIndex('audit_rows_of_system').on('audit_rows').columns(['system_key', 'at']).execute()
    await db.schema.createIndex('audit_rows_by_account').on('audit_rows').columns(['who_id', 'at']).execute()
    await db.schema
      .createTable('audit_heads')
      .addColumn('node', text, (c) => c.primaryKey())
      .addColumn('position', 'bigint', (c) => c.notNull())
      .addColumn('hash', text, (c) => c.notNull())
      .addColumn('removed', 'bigint', (c) => c.notNull())
      .addColumn('anchor', text, (c) => c.notNull())
      .addColumn('removed_at', 'bigint')
      .addColumn('seal', text, (c) => c.notNull())
      .execute()
  },
}

const ledger: Migration = {
  name: '015 budgets of failures by place',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    // SQLite changes no primary key.
    await db.schema
      .createTable('failures_next')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('account_id', text, (c) => c.notNull())
      .addColumn('place', text, (c) => c.notNull())
      .addColumn('count', 'integer', (c) => c.notNull())
      .addColumn('last_at', 'bigint', (c) => c.notNull())
      .addColumn('blocked_until', 'bigint', (c) => c.notNull())
      .addColumn('known_at', 'bigint')
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('failures_by_place', ['system_key', 'account_id', 'place'])
      .execute()
    const kept = sql.raw('system_key, account_id, count, last_at, blocked_until')
    await sql`insert into failures_next (${kept}, place, expires_at)
      select ${kept}, '', last_at + 2592000000 from failures`.execute(db)
    await db.schema.dropTable('failures').execute()
    await db.schema.alterTable('failures_next').renameTo('failures').execute()
    await db.schema.createIndex('failures_waiting').on('failures').columns(['system_key', 'blocked_until']).execute()
    await db.schema.createIndex('failures_by_end').on('failures').column('expires_at').execute()
  },
}

const edges: Migration = {
  name: '016 edges and deployments',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('edges')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('description', text, (c) => c.notNull())
      .addColumn('token_hash', text, (c) => c.notNull().unique())
      .addColumn('public_key', text, (c) => c.unique())
      .addColumn('seal_key', text)
      .addColumn('enrolled_at', 'bigint')
      .addColumn('link_number', 'bigint', (c) => c.notNull())
      .addColumn('connected', 'integer', (c) => c.notNull())
      .addColumn('seen_at', 'bigint')
      .addColumn('cursors', text, (c) => c.notNull())
      .addColumn('problem', text, (c) => c.notNull())
      .addColumn('problem_at', 'bigint')
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_by', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('edges_key', ['system_key', 'name'])
      .execute()
    await db.schema
      .createTable('deployments')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('description', text, (c) => c.notNull())
      .addColumn('edges', text, (c) => c.notNull())
      .addColumn('assets', text, (c) => c.notNull())
      .addColumn('sign_in', text)
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('deployments_key', ['system_key', 'name'])
      .execute()
    await db.schema
      .createTable('platform_links')
      .addColumn('system_key', text, (c) => c.primaryKey())
      .addColumn('edge_name', text, (c) => c.notNull())
      .addColumn('sealed', text, (c) => c.notNull())
      .addColumn('platform_key', text, (c) => c.notNull())
      .addColumn('enrolled', 'integer', (c) => c.notNull())
      .addColumn('link_number', 'bigint', (c) => c.notNull())
      .addColumn('cursors', text, (c) => c.notNull())
      .execute()
  },
}

const upFromEdges: Migration = {
  name: '017 what edges tell the platform',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('outbox_heads')
      .addColumn('system_key', text, (c) => c.primaryKey())
      .addColumn('incarnation', text, (c) => c.notNull())
      .addColumn('position', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('outbox')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('position', 'bigint', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('fact', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('outbox_key', ['system_key', 'position'])
      .execute()
    await db.schema
      .createTable('edge_cursors')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('edge', text, (c) => c.notNull())
      .addColumn('lane', text, (c) => c.notNull())
      .addColumn('incarnation', text, (c) => c.notNull())
      .addColumn('position', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('edge_cursors_key', ['system_key', 'edge', 'lane'])
      .execute()
    await db.schema
      .createTable('edge_sessions')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('edge', text, (c) => c.notNull())
      .addColumn('id', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('granted_by', text, (c) => c.notNull())
      .addColumn('factors', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addColumn('ended_at', 'bigint')
      .addColumn('end_reason', text)
      .addPrimaryKeyConstraint('edge_sessions_key', ['system_key', 'edge', 'id'])
      .execute()
    await db.schema
      .createTable('taken_steps')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('authenticator_id', text, (c) => c.notNull())
      .addColumn('step', 'bigint', (c) => c.notNull())
      .addColumn('place', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('taken_steps_key', ['system_key', 'authenticator_id', 'step', 'place'])
      .execute()
    await db.schema
      .createTable('synced_collections')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('collection_id', text, (c) => c.notNull())
      .addColumn('rule', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('synced_collections_key', ['system_key', 'collection_id'])
      .execute()
    await db.schema
      .createTable('sync_seen')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('own_position', 'bigint', (c) => c.notNull())
      .addColumn('incarnation', text, (c) => c.notNull())
      .addColumn('position', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('sync_seen_key', ['system_key', 'own_position'])
      .execute()
    await db.schema
      .createTable('row_stamps')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('collection_id', text, (c) => c.notNull())
      .addColumn('item_id', text, (c) => c.notNull())
      .addColumn('columns', text, (c) => c.notNull())
      .addColumn('deleted', text)
      .addColumn('written_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('row_stamps_key', ['system_key', 'collection_id', 'item_id'])
      .execute()
    await db.schema
      .createTable('sync_folds')
      .addColumn('system_key', text, (c) => c.primaryKey())
      .addColumn('position', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('sync_conflicts')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('id', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('edge', text, (c) => c.notNull())
      .addColumn('collection_id', text, (c) => c.notNull())
      .addColumn('item_id', text, (c) => c.notNull())
      .addColumn('rule', text, (c) => c.notNull())
      .addColumn('outcome', text, (c) => c.notNull())
      .addColumn('detail', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('sync_conflicts_key', ['system_key', 'id'])
      .execute()
    await db.schema.createIndex('sync_conflicts_by_time').on('sync_conflicts').columns(['system_key', 'at']).execute()
    await db.schema.createIndex('taken_steps_by_time').on('taken_steps').column('step').execute()
  },
}

const edgeLimits: Migration = {
  name: '018 limits of edges and the loss of one',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('edge_times')
      .addColumn('system_key', text, (c) => c.primaryKey())
      .addColumn('seen_at', 'bigint', (c) => c.notNull())
      .addColumn('platform_at', 'bigint', (c) => c.notNull())
      .addColumn('identity_at', 'bigint')
      .addColumn('doubt', text, (c) => c.notNull())
      .execute()
    await db.schema.alterTable('sessions').addColumn('data_age', 'bigint').execute()
    await db.schema
      .createTable('edge_recovery_codes')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('edge', text, (c) => c.notNull())
      .addColumn('codes', text, (c) => c.notNull())
      .addColumn('made_at', 'bigint', (c) => c.notNull())
      .addColumn('made_by', text, (c) => c.notNull())
      .addUniqueConstraint('edge_recovery_codes_by_place', ['system_key', 'user_id', 'edge'])
      .execute()
    await db.schema
      .createTable('edge_users')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('edge', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('sent_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('edge_users_key', ['system_key', 'edge', 'user_id'])
      .execute()
    await db.schema.alterTable('accounts').addColumn('password_void', text).execute()
    await db.schema.alterTable('accounts').addColumn('offline_limit', 'bigint').execute()
  },
}

const edgeStatus: Migration = {
  name: '019 status of edges, accounts at edges',
  async up(tx) {
    const db = tx as AnyDb
    for (const column of ['since', 'clock_off']) {
      await db.schema.alterTable('edges').addColumn(column, 'bigint').execute()
    }
    const alter = () => db.schema.alterTable('edges')
    await alter()
      .addColumn('refused', 'integer', (c) => c.notNull().defaultTo(0))
      .execute()
    await alter()
      .addColumn('version', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
    await alter()
      .addColumn('lanes', 'text', (c) => c.notNull().defaultTo('{}'))
      .execute()
    await db.schema
      .createTable('edge_accounts')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('name', 'text', (c) => c.notNull().unique())
      .addColumn('password_hash', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('edge_account_sessions')
      .addColumn('token_hash', 'text', (c) => c.primaryKey())
      .addColumn('account_id', 'text', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .execute()
  },
}

const sessionsElsewhere: Migration = {
  name: '020 privileged roles, sessions from the other end of a link',
  async up(tx) {
    const db = tx as AnyDb
    await db.schema
      .alterTable('roles')
      .addColumn('privileged', 'integer', (c) => c.notNull().defaultTo(0))
      .execute()
    await db.schema.alterTable('sessions').addColumn('place', 'text').execute()
    await db.schema.alterTable('sessions').addColumn('roles', 'text').execute()
    // Those that were made here, as nearly all are, stand in no index more than before.
    await sql`create index sessions_by_place on sessions (system_key, place) where place is not null`.execute(db)
    await db.schema.dropTable('edge_sessions').execute()
  },
}

const edgeWords: Migration = {
  name: '023 reviews, counters and requests of edges',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('edge_reviews')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('edge', text, (c) => c.notNull())
      .addColumn('link', 'bigint', (c) => c.notNull())
      .addColumn('dark_from', 'bigint')
      .addColumn('dark_until', 'bigint', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('decision', text, (c) => c.notNull())
      .addColumn('record', text, (c) => c.notNull())
      .addColumn('otherwise', text, (c) => c.notNull())
      .addColumn('unknown', text, (c) => c.notNull())
      .addColumn('rank', 'integer', (c) => c.notNull())
      .execute()
    await db.schema
      .createIndex('edge_reviews_by_link')
      .on('edge_reviews')
      .columns(['system_key', 'edge', 'link', 'rank', 'at'])
      .execute()
    await db.schema.createIndex('edge_reviews_by_time').on('edge_reviews').column('at').execute()
    await db.schema.alterTable('edge_users').addColumn('gone_at', 'bigint').execute()
    await db.schema
      .createTable('taken_counts')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('authenticator_id', text, (c) => c.notNull())
      .addColumn('count', 'bigint', (c) => c.notNull())
      .addColumn('place', text, (c) => c.notNull())
      .addColumn('taken_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('taken_counts_key', ['system_key', 'authenticator_id', 'count', 'place'])
      .execute()
    await db.schema.createIndex('taken_counts_by_time').on('taken_counts').column('taken_at').execute()
    await db.schema
      .alterTable('edge_recovery_codes')
      .addColumn('spent', 'integer', (c) => c.notNull().defaultTo(0))
      .execute()
    await db.schema
      .createTable('edge_requests')
      .addColumn('id', text, (c) => c.primaryKey())
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('edge', text, (c) => c.notNull())
      .addColumn('user_id', text, (c) => c.notNull())
      .addColumn('changes', text, (c) => c.notNull())
      .addColumn('asked_at', 'bigint', (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('decided_at', 'bigint')
      .addColumn('decided_by', text)
      .execute()
    await db.schema
      .createIndex('edge_requests_by_edge')
      .on('edge_requests')
      .columns(['system_key', 'edge', 'state', 'asked_at'])
      .execute()
  },
}

const downRobust: Migration = {
  name: '022 what cannot be written at an edge',
  async up(tx) {
    const db = tx as AnyDb
    const text = 'text'
    await db.schema
      .createTable('set_aside')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('id', text, (c) => c.notNull())
      .addColumn('reason', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('version', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('set_aside_key', ['system_key', 'kind', 'id'])
      .execute()
    await db.schema
      .createTable('copied')
      .addColumn('system_key', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('id', text, (c) => c.notNull())
      .addColumn('mark', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('copied_key', ['system_key', 'kind', 'id'])
      .execute()
    await db.schema
      .alterTable('edges')
      .addColumn('aside', text, (c) => c.notNull().defaultTo('{}'))
      .execute()
    await db.schema
      .alterTable('edges')
      .addColumn('retries', 'integer', (c) => c.notNull().defaultTo(0))
      .execute()
    await db.schema
      .alterTable('edges')
      .addColumn('checked', text, (c) => c.notNull().defaultTo('{}'))
      .execute()
    for (const column of ['floor', 'compacted']) {
      await db.schema
        .alterTable('change_heads')
        .addColumn(column, 'bigint', (c) => c.notNull().defaultTo(0))
        .execute()
    }
  },
}

const sessionEnds: Migration = {
  name: '024 since when the sessions of a user are over',
  async up(tx) {
    const db = tx as AnyDb
    await db.schema
      .createTable('session_ends')
      .addColumn('system_key', 'text', (c) => c.notNull())
      .addColumn('user_id', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('session_ends_key', ['system_key', 'user_id'])
      .execute()
  },
}

const passwordResets: Migration = {
  name: '026 links for new passwords',
  async up(tx) {
    const db = tx as AnyDb
    await db.schema
      .createTable('password_resets')
      .addColumn('hash', 'text', (c) => c.primaryKey())
      .addColumn('system_key', 'text', (c) => c.notNull())
      .addColumn('user_id', 'text', (c) => c.notNull())
      .addColumn('password_stamp', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createIndex('password_resets_by_user')
      .on('password_resets')
      .columns(['system_key', 'user_id'])
      .execute()
  },
}

const singleRowsUp: Migration = {
  name: '027 single rows that go up',
  async up(tx) {
    await tx.schema.alterTable('synced_collections').addColumn('row_keys', 'text').execute()
  },
}

export const migrations: readonly Migration[] = [
  firstSchema,
  packages,
  undoAndCatalogues,
  sending,
  secondFactors,
  authenticatorApps,
  withdrawal,
  passkeys,
  recordedSignIns,
  noticesAndDevices,
  portalDrafts,
  sharedSystems,
  audit,
  ledger,
  edges,
  upFromEdges,
  edgeLimits,
  edgeStatus,
  sessionsElsewhere,
  edgeWords,
  downRobust,
  sessionEnds,
  passwordResets,
  singleRowsUp,
]

/** Brings the database to the present schema. Throws DatabaseTooNew where it is ahead of this program. */
export async function migrate(db: AnyDb, dialect: Dialect): Promise<void> {
  await db.transaction().execute(async (tx) => {
    // PostgreSQL: one migrating node at a time. SQLite: the transaction itself takes the write lock when it begins.
    if (dialect.kind === 'postgres') await sql`select pg_advisory_xact_lock(7046126112)`.execute(tx)
    await tx.schema
      .createTable('meta')
      .ifNotExists()
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('value', 'text', (c) => c.notNull())
      .execute()
    const row = await tx.selectFrom('meta').select('value').where('name', '=', 'schema_version').executeTakeFirst()
    const present = row === undefined ? 0 : Number(row.value)
    if (present > migrations.length) {
      throw new DatabaseTooNew(
        `The database has schema version ${present}, made by a newer Gatehouse; this one knows versions up to ${migrations.length}. Start the newer version.`,
      )
    }
    for (const migration of migrations.slice(present)) await migration.up(tx as never, dialect)
    const value = String(migrations.length)
    if (row === undefined) await tx.insertInto('meta').values({ name: 'schema_version', value }).execute()
    else if (present < migrations.length) {
      await tx.updateTable('meta').set({ value }).where('name', '=', 'schema_version').execute()
    }
  })
}
