/** The users' outboxes in SQL. Each method runs in a transaction of the store's. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CollectedResult, UndeliveredResult } from '../index.ts';

const isHeld = 'EXISTS (SELECT 1 FROM sessions WHERE id = holder AND leased_until > :now)';

const statements = {
  post: `INSERT INTO outbox (delivery_id, user_key, origin, posted_at, data) VALUES (:id, :user, :origin, :now, :data)
         ON CONFLICT (delivery_id) DO UPDATE SET holder = NULL, again = 0, posted_at = :now, data = :data
         WHERE holder = :by`,
  take: `UPDATE outbox SET again = again OR holder IS NOT NULL, holder = :by
         WHERE user_key = :user AND data IS NOT NULL AND (holder IS NULL OR holder <> :by AND NOT ${isHeld})`,
  taken: 'SELECT data, again FROM outbox WHERE user_key = ? AND data IS NOT NULL AND holder = ? ORDER BY number',
  settle: 'UPDATE outbox SET data = NULL, holder = NULL WHERE delivery_id = ? AND holder = ?',
  forgetSettled: 'DELETE FROM outbox WHERE data IS NULL AND origin NOT IN (SELECT id FROM sessions)',
  forgetPosted: `DELETE FROM outbox WHERE data IS NOT NULL AND posted_at <= :before AND NOT ${isHeld}`,
} as const;

type Statements = Readonly<Record<keyof typeof statements, StatementSync>>;

export class SqliteOutboxes {
  readonly #sql: Statements;

  constructor(database: DatabaseSync) {
    const prepared = Object.entries(statements).map(([name, text]) => [name, database.prepare(text)]);
    this.#sql = Object.fromEntries(prepared) as Statements;
  }

  post(by: string, user: string, result: UndeliveredResult, now: number): void {
    const { deliveryId: id, sessionId: origin } = result;
    this.#sql.post.run({ id, user, origin, now, by, data: JSON.stringify(result) });
  }

  collect(by: string, user: string, now: number): CollectedResult[] {
    this.#sql.take.run({ by, user, now });
    const rows = this.#sql.taken.all(user, by) as { data: string; again: number }[];
    return rows.map(({ data, again }) => ({ result: JSON.parse(data) as UndeliveredResult, again: again !== 0 }));
  }

  settle(by: string, deliveryId: string): void {
    if (this.#sql.settle.run(deliveryId, by).changes > 0) this.forgetSettled();
  }

  /** Of sessions that are gone: nobody posts their results any more. */
  forgetSettled(): void {
    this.#sql.forgetSettled.run();
  }

  forgetPostedBefore(before: number, now: number): void {
    this.#sql.forgetPosted.run({ before, now });
  }
}
