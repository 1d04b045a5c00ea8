/** A person or an organization. Made when first named. */
export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: 'User' | 'Organization';
  readonly createdAt: Date;
}

export interface Accounts {
  /** The account of that login, made if there is none. Logins are compared without case. */
  ensure(login: string, type?: Account['type']): Account;
  find(login: string): Account | undefined;
}

export function createAccounts(nextId: () => number): Accounts {
  const accounts = new Map<string, Account>();
  const find = (login: string): Account | undefined => accounts.get(login.toLowerCase());
  return {
    find,
    ensure: (login, type = 'User') => {
      const account = find(login) ?? { id: nextId(), login, type, createdAt: new Date() };
      accounts.set(login.toLowerCase(), account);
      return account;
    },
  };
}

export function emailOf(account: Account): string {
  return `${account.id}+${account.login}@users.noreply.example.test`;
}
