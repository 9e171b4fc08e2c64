"""A folder whose files are in another one, and take so many seconds for each write: slow-folder.py FOLDER MOUNT SECONDS"""
import os
import sys
import time

import fusepy


class SlowFolder(fusepy.Operations):
    def __init__(self, root, seconds):
        self.root = root
        self.seconds = seconds

    def at(self, path):
        return os.path.join(self.root, path.lstrip('/'))

    def getattr(self, path, fh=None):
        found = os.lstat(self.at(path))
        names = ('st_atime', 'st_ctime', 'st_gid', 'st_mode', 'st_mtime', 'st_nlink', 'st_size', 'st_uid')
        return {name: getattr(found, name) for name in names}

    def readdir(self, path, fh):
        return ['.', '..'] + os.listdir(self.at(path))

    def statfs(self, path):
        found = os.statvfs(self.at(path))
        names = ('f_bavail', 'f_bfree', 'f_blocks', 'f_bsize', 'f_files', 'f_ffree', 'f_frsize', 'f_namemax')
        return {name: getattr(found, name) for name in names}

    def mkdir(self, path, mode):
        os.mkdir(self.at(path), mode)

    def rmdir(self, path):
        os.rmdir(self.at(path))

    def unlink(self, path):
        os.unlink(self.at(path))

    def rename(self, old, new):
        os.rename(self.at(old), self.at(new))

    def create(self, path, mode, fi=None):
        return os.open(self.at(path), os.O_RDWR | os.O_CREAT, mode)

    def open(self, path, flags):
        return os.open(self.at(path), flags)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        time.sleep(self.seconds)
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(self.at(path), length)

    def fsync(self, path, datasync, fh):
        time.sleep(self.seconds)

    def release(self, path, fh):
        os.close(fh)


root, mount, seconds = sys.argv[1:]
fusepy.FUSE(SlowFolder(root, float(seconds)), mount, foreground=True)
