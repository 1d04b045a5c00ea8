const given = process.env['TEST_DATABASE_URL'];

/** The PostgreSQL server that tests make their databases on; undefined where the embedded database is tested. */
export const TEST_SERVER_URL: string | undefined = given === '' ? undefined : given;
