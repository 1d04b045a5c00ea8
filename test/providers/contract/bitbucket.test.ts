import { bitbucketFace } from '#test/providers/bitbucket/face.ts';
import { testProviderContract } from './suite.ts';

testProviderContract(bitbucketFace);
